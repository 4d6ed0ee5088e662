/** Endings at random moments by random means: none leaves anything behind, none is told as a success. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { leftovers } from '../harness/leftovers.ts';
import { describeModes, distinctModes } from '../harness/modes.ts';
import { endAfter, longestMs, type Means, means, often, seed } from '../harness/random-ending.ts';
import { shareOf } from '../harness/turns.ts';

/** Half of them may also be the engine's own, or sudo's: then it is found out whose they are. */
const anyCode = fc.oneof(fc.nat(255), fc.constantFrom(1, 125, 126, 127, 137, 143, 255));

async function endAtRandom(container: ManagedContainer, how: Means, ms: number): Promise<void> {
  const env = { HERMES_SHIM_DEBUG: '1' };
  const options = { detached: true, timeoutMs: 60_000, env };
  await using running = await container.session(['tick', '0.02'], options);
  // a client is killed under a session that is up; USR1 is node's own until the shim has begun (see docs/limitations.md)
  if (how.startsWith('client') || how === 'USR1') await running.waitFor(/\d/, 30_000);
  await endAfter(running, how, ms);
}

describeModes((mode) => {
  const [endings, calls] = [often(shareOf(mode, distinctModes, 16)), often(shareOf(mode, distinctModes, 40))];

  it(
    `${endings} sessions ended at random leave nothing behind (seed ${seed})`,
    async () => {
      await using container = await managedContainer(mode);
      const cases = fc.sample(fc.tuple(fc.constantFrom(...means), fc.integer({ min: 0, max: 500 })), {
        numRuns: endings,
        seed,
      });
      for (let at = 0; at < cases.length; at += 4) {
        await Promise.all(cases.slice(at, at + 4).map(([how, ms]) => endAtRandom(container, how, ms)));
      }
      await container.untilNoGuests(30_000);
      expect(await leftovers(container)).toEqual([]);
    },
    longestMs,
  );

  it(
    `${calls} calls, 20 at a time, a third of them ended: no wrong status, nothing left (seed ${seed})`,
    async () => {
      await using container = await managedContainer(mode);
      const cases = fc.sample(
        fc.record({ end: fc.nat(2), how: fc.constantFrom(...means), ms: fc.nat(800), code: anyCode }),
        { numRuns: calls, seed },
      );
      const queue = [...cases];
      const work = async (): Promise<void> => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          const { end, how, ms, code } = next;
          if (end === 0) await endAtRandom(container, how, ms);
          else {
            const ended = await container.hermes(['exit', String(code)], { timeoutMs: 60_000 });
            const { exitCode, stderr, timedOut } = ended;
            expect({ exitCode, stderr, timedOut }).toEqual({ exitCode: code, stderr: '', timedOut: false });
          }
        }
      };
      await Promise.all(Array.from({ length: 20 }, work));
      await container.untilNoGuests(30_000);
      expect(await leftovers(container)).toEqual([]);
    },
    longestMs,
  );
}, distinctModes);
