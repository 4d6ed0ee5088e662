/** Runs once before all e2e tests: the engines. They go when the tests are over, however they end (see guard.ts). */
import type { TestProject } from 'vitest/node';
import { setUpEngines } from '../../scripts/engines.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { tearDown, ...facts } = await setUpEngines({ say: (line) => console.log(`engines: ${line}`) });
  project.provide('engines', facts);
  return tearDown;
}
