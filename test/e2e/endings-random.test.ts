/** Endings at random moments by random means: none leaves anything behind, none is told as a success. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Running } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { type Freezer, openFreezer } from '../harness/freezer.ts';
import { hostProcesses, until } from '../harness/host.ts';
import { leftovers } from '../harness/leftovers.ts';
import { describeModes, type EngineMode } from '../harness/modes.ts';

const soak = process.env.SOAK === '1';
const endings = soak ? 200 : 24;
const hardEndings = soak ? 200 : 8;
const calls = soak ? 200 : 60;
/** 200 hard endings take their time on a busy machine. */
const longestMs = soak ? 3_600_000 : undefined;
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

/** Half of them may also be the engine's own, or sudo's: then it is found out whose they are. */
const anyCode = fc.oneof(fc.nat(255), fc.constantFrom(1, 125, 126, 127, 137, 143, 255));

/** Brings the end about. A client that is not there yet cannot be killed: then the shim gets TERM. */
function bringAbout(how: Means, running: Running): void {
  const [whom, signal] = how.includes(' ') ? how.split(' ') : ['shim', how];
  const name = `SIG${signal}` as NodeJS.Signals;
  if (how === 'pipe') running.closeStdout();
  else if (whom === 'group') running.killGroup(name);
  else if (whom === 'client') {
    const clients = hostProcesses().filter(
      ({ ppid, argv }) => ppid === running.pid && argv.includes('hermes-wrapper'),
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
  await endAfter(running, how, ms);
}

async function endAfter(running: Running, how: Means, ms: number): Promise<void> {
  await moment(ms);
  bringAbout(how, running);
  const ended = await running.ended;
  expect(ended.timedOut, `${how} after ${ms} ms did not end it`).toBe(false);
  // a client that somebody ends by TERM exits 0; among many sessions that is not looked into before the shim ends,
  // so as not to slow every call down (see settle.ts), but the session is ended all the same
  if (how !== 'client TERM') expect(ended.exitCode, `${how} after ${ms} ms is no success`).not.toBe(0);
}

/** What makes it hard to end a session, for so many milliseconds. */
type Hardship = 'pause' | 'full disks' | 'frozen daemon';

async function suffer(container: ManagedContainer, hardship: Hardship, ms: number, freezer: Freezer) {
  const fill = 'head -c 200000 /dev/zero >/tmp/fill; head -c 200000 /dev/zero >/dev/shm/fill; exit 0';
  if (hardship === 'pause') await container.pause();
  else if (hardship === 'frozen daemon') freezer.freeze();
  else await container.exec(['/bin/sh', '-c', fill], { user: '0' });
  await moment(ms);
  if (hardship === 'pause') await container.unpause();
  else if (hardship === 'frozen daemon') freezer.thaw();
  else await container.exec(['rm', '-f', '/tmp/fill', '/dev/shm/fill'], { user: '0' });
}

/** What can be done to a container of a way; a rootless one cannot be paused under cgroups v1. */
const hardshipsOf = (mode: EngineMode): readonly Hardship[] =>
  mode === 'docker'
    ? ['pause', 'full disks', 'frozen daemon']
    : mode === 'podman-rootless'
      ? ['full disks']
      : ['pause', 'full disks'];

describeModes((mode) => {
  it(
    `${hardEndings} endings in paused containers, on full disks, by frozen daemons leave nothing behind (seed ${seed})`,
    async () => {
      const engineArgs = ['--tmpfs', '/tmp:size=64k', '--shm-size=64k'];
      await using container = await managedContainer(mode, { engineArgs });
      await using freezer = await openFreezer(container);
      const env = mode === 'docker' ? freezer.env : {};
      const batches = fc.sample(
        fc.record({
          hardship: fc.constantFrom(...hardshipsOf(mode)),
          lastsMs: fc.integer({ min: 200, max: 5000 }),
          ends: fc.array(fc.tuple(fc.constantFrom(...means), fc.nat(1500)), { minLength: 4, maxLength: 4 }),
        }),
        { numRuns: hardEndings / 4, seed },
      );
      for (const { hardship, lastsMs, ends } of batches) {
        const start = () => container.session(['tick', '0.02'], { detached: true, timeoutMs: 60_000, env });
        const running = await Promise.all(ends.map(start));
        for (const one of running) await one.waitFor(/\d/, 30_000);
        const endings = ends.map(([how, ms], at) => endAfter(running[at] as Running, how, ms));
        await Promise.all([suffer(container, hardship, lastsMs, freezer), ...endings]);
        await container.untilNoGuests(30_000);
      }
      expect(await leftovers(container)).toEqual([]);
    },
    longestMs,
  );

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
            expect(ended).toMatchObject({ exitCode: code, stderr: '', timedOut: false });
          }
        }
      };
      await Promise.all(Array.from({ length: 20 }, work));
      await container.untilNoGuests(30_000);
      expect(await leftovers(container)).toEqual([]);
    },
    longestMs,
  );
});
