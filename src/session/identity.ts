import { statField } from '../route/stat.ts';

/** A session's id names the host process that started it: pid, start time (clock ticks since boot), something random. */
export type SessionId = { readonly hostPid: number; readonly hostStart: string; readonly random: string };

/** When a process with this `/proc/<pid>/stat` was started: with the pid it names it for good, since pids come again. */
export function startTimeOf(stat: string): string {
  return statField(stat, 22);
}

/** Makes the id of a session started by this process, whose `/proc/self/stat` this is. */
export function newSessionId(stat: string): string {
  const start = startTimeOf(stat);
  const random = Math.floor(Math.random() * 2 ** 48).toString(36);
  return `${process.pid}-${start}-${random}`;
}

/** Takes an id apart; `undefined` when it is not one of ours. */
export function parseSessionId(id: string): SessionId | undefined {
  const [, pid, hostStart, random] = /^([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-z]{1,16})$/.exec(id) ?? [];
  return pid && hostStart && random ? { hostPid: Number(pid), hostStart, random } : undefined;
}
