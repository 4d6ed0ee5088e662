/**
 * A container that is stopped, killed, removed or made anew at any moment of a call. SOAK=1 (`npm run test:soak`)
 * makes it 300 calls an engine; without, as many as fit.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { engineOf } from '../../scripts/engines/modes.ts';
import { managedContainer } from '../harness/container.ts';
import { bringBack, expectAgreement, mishaps, named, putBack } from '../harness/mishaps.ts';
import { describeModes, distinctModes, type EngineMode, engines } from '../harness/modes.ts';
import { shareOf } from '../harness/turns.ts';

const soaking = process.env.SOAK === '1';

/** podman's ways share its 300, and some more. */
const callsOf = (mode: EngineMode): number =>
  soaking ? (engineOf(mode) === 'docker' ? 300 : 100) : shareOf(mode, distinctModes, 8);

const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

describeModes((mode) => {
  it(
    `${callsOf(mode)} calls: at most one hermes each, and an answer that agrees`,
    async () => {
      await using container = await managedContainer(mode);
      // mishaps are spread over somewhat more than such a call takes here
      const spanMs = 1.5 * (await container.hermes(['sh', '-c', 'sleep 0.15'])).ms;
      container.forgetStarts();
      const tally = { calls: 0, exit0: 0, started: 0, told: 0 };
      while (tally.calls < callsOf(mode)) {
        const [mishap, delayMs] = [anyOf(named), Math.random() * spanMs];
        const args = anyOf([['version'], ['sh', '-c', 'sleep 0.15; exit 0']]);
        const patience = anyOf(['0', '2']);
        const call = container.hermes(args, { env: { HERMES_SHIM_WAIT: patience } });
        await pause(delayMs);
        await mishaps[mishap](container);
        // who waits gets it back at once
        if (patience !== '0') await bringBack(container, mishap);
        const ended = await call;
        const story = expectAgreement(ended, container);
        expect(ended.signal, `${mishap} after ${delayMs} ms: ${story}`).toBe(null);
        tally.calls += 1;
        tally.exit0 += Number(ended.exitCode === 0);
        tally.started += container.starts().length;
        tally.told += Number(ended.stderr.includes('hermes: '));
        await putBack(container, patience === '0' ? mishap : undefined);
      }
      if (soaking) console.log(`${mode} (${engines.run}): ${JSON.stringify(tally)}`);
    },
    soaking ? 3_600_000 : undefined,
  );
}, distinctModes);
