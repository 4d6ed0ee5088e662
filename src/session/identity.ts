import { readFileSync } from 'node:fs';

/** A session's id names the host process that started it: pid, start time (clock ticks since boot), something random. */
export type SessionId = { readonly hostPid: number; readonly hostStart: string; readonly random: string };

/** Field 22 of `/proc/<pid>/stat` (proc(5)): with the pid it names a process for good, since pids come again. */
export function startTimeOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}

/** Makes the id of a session started by this process. */
export function newSessionId(): string {
  const start = startTimeOf(readFileSync('/proc/self/stat', 'latin1'));
  const random = Math.floor(Math.random() * 2 ** 48).toString(36);
  return `${process.pid}-${start}-${random}`;
}

/** Takes an id apart; `undefined` when it is not one of ours. */
export function parseSessionId(id: string): SessionId | undefined {
  const [, pid, hostStart, random] = /^([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-z]{1,16})$/.exec(id) ?? [];
  return pid && hostStart && random ? { hostPid: Number(pid), hostStart, random } : undefined;
}
