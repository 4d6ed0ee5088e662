import { readFileSync, readlinkSync } from 'node:fs';
import { randomNumber } from '../../system/random.ts';
import { statField } from '../../system/stat.ts';

/**
 * A session's id names the host process that started it: pid, start time (clock ticks since boot), something random,
 * and the place where these numbers count. An older version's had no place.
 */
export type SessionId = {
  readonly hostPid: number;
  readonly hostStart: string;
  readonly random: string;
  readonly place: string | undefined;
};

/** When a process with this `/proc/<pid>/stat` was started: with the pid it names it for good, since pids come again. */
export function startTimeOf(stat: string): string {
  return statField(stat, 22);
}

/** A process's start time; '0' where it is gone already. */
export function startOf(pid: number): string {
  try {
    return startTimeOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return '0';
  }
}

/** A look at /proc; exchanged in tests. Throws the system's error where there is nothing to see. */
export type ProcLook = { readonly file: (path: string) => string; readonly link: (path: string) => string };

const realProc: ProcLook = { file: (path) => readFileSync(path, 'utf8'), link: (path) => readlinkSync(path) };

/**
 * Where a pid and a start time of ours count, in a few letters: this boot of this host, this pid namespace, and this
 * time namespace (which moves start times, time_namespaces(7); kernels before 5.6 have none). Takes 60 µs.
 * @returns `undefined` where /proc does not say
 */
export function pidScope(look: ProcLook = realProc): string | undefined {
  try {
    const boot = look.file('/proc/sys/kernel/random/boot_id').trim();
    return boot && hash(`${boot} ${look.link('/proc/self/ns/pid')} ${timeNamespace(look)}`);
  } catch {
    return undefined;
  }
}

function timeNamespace(look: ProcLook): string {
  try {
    return look.link('/proc/self/ns/time');
  } catch {
    return '';
  }
}

/** FNV-1a, 32 bits: `node:crypto` would cost every call a millisecond, and nobody gains by a collision. */
function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(36);
}

/** Makes the id of a session started by this process, whose `/proc/self/stat` this is. */
export function newSessionId(stat: string, place: string | undefined = pidScope()): string {
  const start = startTimeOf(stat);
  const random = randomNumber().toString(36);
  const words = [process.pid, start, random];
  return (place ? [...words, place] : words).join('-');
}

/** Takes an id apart; `undefined` when it is not one of ours. */
export function parseSessionId(id: string): SessionId | undefined {
  const [, pid, hostStart, random, place] =
    /^([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-z]{1,16})(?:-([0-9a-z]{1,8}))?$/.exec(id) ?? [];
  return pid && hostStart && random ? { hostPid: Number(pid), hostStart, random, place } : undefined;
}
