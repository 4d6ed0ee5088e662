/** Random means by which a session comes to its end, and what must hold of it then. */
import { expect } from 'vitest';
import type { Running } from './call.ts';
import { hostProcesses, signalAll, until } from './host.ts';

/** As often as that on an ordinary run, or with SOAK=1. */
export const often = (ordinary: number): number => (process.env.SOAK === '1' ? 200 : ordinary);

/** 200 of them take their time on a busy machine. */
export const longestMs = process.env.SOAK === '1' ? 3_600_000 : undefined;

/** What is drawn depends on it alone. */
export const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

export type Means =
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

export const means: readonly Means[] = [
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
      ({ ppid, argv }) => ppid === running.pid && argv.includes('hermes-wrapper'),
    );
    signalAll(
      clients.map(({ pid }) => pid),
      name,
    );
    if (clients.length === 0) running.kill('SIGTERM');
  } else running.kill(name);
}

/** The moment that many milliseconds from now. */
export async function moment(ms: number): Promise<void> {
  const at = performance.now() + ms;
  await until(() => performance.now() >= at, { what: 'the moment', everyMs: 1 });
}

/** Ends a session that many milliseconds from now. */
export async function endAfter(running: Running, how: Means, ms: number): Promise<void> {
  await moment(ms);
  bringAbout(how, running);
  const ended = await running.ended;
  expect(ended.timedOut, `${how} after ${ms} ms did not end it: ${ended.stderr}`).toBe(false);
  // a client that somebody ends by TERM exits 0; among many sessions that is not looked into before the shim ends,
  // so as not to slow every call down (see settle.ts), but the session is ended all the same
  if (how !== 'client TERM') expect(ended.exitCode, `${how} after ${ms} ms is no success`).not.toBe(0);
}
