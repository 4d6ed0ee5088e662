/** Runs once before all e2e tests: the engines. They go when the tests are over, however they end (see guard.ts). */
import type { TestProject } from 'vitest/node';
import { measureSpeed } from '../../scripts/engines/speed.ts';
import { setUpEngines } from '../../scripts/engines.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string) => console.log(`engines: ${line}`);
  const { tearDown, ...facts } = await setUpEngines({ say });
  const speed = await measureSpeed(facts);
  const took = Object.entries(speed.execMs).map(([mode, ms]) => `, exec ${Math.round(ms)} ms (${mode})`);
  say(
    `node ${Math.round(speed.nodeMs)} ms${took.join('')}: bounds are ${speed.slowness.toFixed(1)} times those of an idle machine`,
  );
  // the tests' processes inherit it (see within)
  process.env.HERMES_SHIM_TEST_SLOWNESS = String(speed.slowness);
  project.provide('engines', facts);
  return tearDown;
}
