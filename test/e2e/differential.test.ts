/**
 * "Transparent" is the promise, and the only proof is comparison: the same call, made on the host's copy of the probe and
 * through the shim, is indistinguishable in everything that is not a known difference.
 *
 *   SOAK=1           2,000 calls a way instead of 24, which podman's ways share
 *   SEED=n CASE=p    again what a failure has printed
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { managedContainer } from '../harness/container.ts';
import { describeModes, distinctModes, type EngineMode, engines } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';
import { shareOf } from '../harness/turns.ts';
import { directoryOf, make, type Stage } from './differential/call.ts';
import { anyCase } from './differential/case.ts';
import { differences, expected, observed } from './differential/compare.ts';

const soak = process.env.SOAK === '1';
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

async function setStage(mode: EngineMode): Promise<Stage> {
  const place = mkdtempSync(join(engines.dir, 'stage-'));
  const [mounted, scratch] = [join(place, 'mounted'), join(place, 'scratch')];
  for (const dir of [join(mounted, 'below'), scratch]) mkdirSync(dir, { recursive: true });
  for (const dir of [place, scratch]) chmodSync(dir, dir === scratch ? 0o777 : 0o755);
  const container = await managedContainer(mode, {
    mounts: [{ source: mounted, destination: '/data/workspace/nested' }],
  });
  const stage = { container, mounted, scratch };
  for (const name of ['newline', 'no text', 'covered', 'locked'] as const) {
    const { at } = directoryOf(stage, name) as { at: string | Buffer };
    mkdirSync(at, { recursive: true });
    chmodSync(at, name === 'locked' ? 0o700 : 0o755);
    if (name === 'locked' && engines.asRoot) chownSync(at, container.caller.uid, container.caller.gid);
  }
  const { stdout } = await container.exec([container.hermesBin, 'report']);
  container.forgetStarts();
  return { ...stage, bare: readReport(stdout) };
}

describeModes((mode) => {
  it(
    'a call cannot be told from the same call of a local hermes',
    async () => {
      const stage = await setStage(mode);
      await using container = stage.container;
      let calls = 0;
      const limits = { throughSudo: mode === 'podman-sudo', readsAll: container.engine === 'podman' };
      const property = fc.asyncProperty(anyCase(limits), async (one) => {
        calls++;
        const [here, there] = await Promise.all([make(stage, one, 'here'), make(stage, one, 'there')]);
        const found = differences(expected(stage, one, here), observed(one, there));
        if (found.length > 0) throw new Error(found.join('\n'));
      });
      const result = await fc.check(property, {
        seed,
        numRuns: Number(process.env.CASES ?? (soak ? 2000 : shareOf(mode, distinctModes, 24))),
        ...(process.env.CASE === undefined ? {} : { path: process.env.CASE }),
      });
      console.log(`${mode}: ${calls} calls, seed ${seed}`);
      if (result.failed) {
        const words = await fc.asyncDefaultReportMessage(result);
        throw new Error(`${words}\n${String((result.errorInstance as Error | null)?.message)}`);
      }
      expect(container.starts()).toHaveLength(calls);
      expect(await container.sessionProcesses()).toEqual([]);
    },
    soak ? 4 * 3600_000 : undefined,
  );
}, distinctModes);
