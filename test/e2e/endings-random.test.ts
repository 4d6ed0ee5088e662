/** Endings at random moments by random means: none leaves anything behind, none is told as a success. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Running } from '../bed/call.ts';
import { type ManagedContainer, managedContainer } from '../bed/container.ts';
import { hostProcesses, until } from '../bed/host.ts';
import { leftovers } from '../bed/leftovers.ts';
import { describeWays } from '../bed/ways.ts';

const soak = process.env.SOAK === '1';
const endings = soak ? 200 : 24;
const calls = soak ? 200 : 60;
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

type Means =
  | 'TERM'
  | 'INT'
  | 'HUP'
  | 'QUIT'
  | 'USR1'
  | 'KILL'
  | 'group TERM'
  | 'group KILL'
  | 'client TERM'
  | 'client KILL'
  | 'pipe';

const means: readonly Means[] = [
  'TERM',
  'INT',
  'HUP',
  'QUIT',
  'USR1',
  'KILL',
  'group TERM',
  'group KILL',
  'client TERM',
  'client KILL',
  'pipe',
];

/** Brings the end about. A client that is not there yet cannot be killed: then the shim gets TERM. */
function bringAbout(how: Means, running: Running): void {
  const [whom, signal] = how.includes(' ') ? how.split(' ') : ['shim', how];
  const name = `SIG${signal}` as NodeJS.Signals;
  if (how === 'pipe') running.closeStdout();
  else if (whom === 'group') running.killGroup(name);
  else if (whom === 'client') {
    const clients = hostProcesses().filter(
      ({ ppid, argv }) => ppid === running.pid && argv.includes('hermes-doorman'),
    );
    for (const { pid } of clients) process.kill(pid, name);
    if (clients.length === 0) running.kill('SIGTERM');
  } else running.kill(name);
}

/** A moment that many milliseconds from now. */
async function moment(ms: number): Promise<void> {
  const at = performance.now() + ms;
  await until(() => performance.now() >= at, { what: 'the moment', everyMs: 1 });
}

async function endAtRandom(container: ManagedContainer, how: Means, ms: number): Promise<void> {
  await using running = await container.session(['tick', '0.02'], { detached: true, timeoutMs: 60_000 });
  // a client is killed under a session that is up; USR1 is node's own until the shim has begun (see docs/limitations.md)
  if (how.startsWith('client') || how === 'USR1') await running.waitFor(/\d/, 30_000);
  await moment(ms);
  bringAbout(how, running);
  const ended = await running.ended;
  expect(ended.timedOut, `${how} after ${ms} ms did not end it`).toBe(false);
  // a client that somebody ends by TERM exits 0; among many sessions that is not looked into before the shim ends,
  // so as not to slow every call down (see settle.ts), but the session is ended all the same
  if (how !== 'client TERM') expect(ended.exitCode, `${how} after ${ms} ms is no success`).not.toBe(0);
}

describeWays((way) => {
  it(`${endings} sessions ended at random leave nothing behind (seed ${seed})`, async () => {
    await using container = await managedContainer(way);
    const cases = fc.sample(fc.tuple(fc.constantFrom(...means), fc.integer({ min: 0, max: 500 })), {
      numRuns: endings,
      seed,
    });
    for (let at = 0; at < cases.length; at += 4) {
      await Promise.all(cases.slice(at, at + 4).map(([how, ms]) => endAtRandom(container, how, ms)));
    }
    await container.untilNoGuests(30_000);
    expect(await leftovers(container)).toEqual([]);
  }, 600_000);

  it(`${calls} calls, 20 at a time, a third of them ended: no wrong status, nothing left (seed ${seed})`, async () => {
    await using container = await managedContainer(way);
    const cases = fc.sample(
      fc.record({ end: fc.nat(2), how: fc.constantFrom(...means), ms: fc.nat(800), code: fc.nat(120) }),
      { numRuns: calls, seed },
    );
    const queue = [...cases];
    const work = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const { end, how, ms, code } = next;
        if (end === 0) await endAtRandom(container, how, ms);
        else {
          const ended = await container.hermes(['exit', String(code)], { timeoutMs: 60_000 });
          expect(ended).toMatchObject({ exitCode: code, stderr: '', timedOut: false });
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, work));
    await container.untilNoGuests(30_000);
    expect(await leftovers(container)).toEqual([]);
  }, 600_000);
});
