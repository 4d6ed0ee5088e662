import { readdirSync, readFileSync } from 'node:fs';
import { startTimeOf } from '../plan/session-id.ts';

/** The numbers of one line of `/proc/<pid>/status` (proc(5)); of `NSpid` one for each pid namespace, ours first. */
function numbersOf(status: string, key: string): readonly string[] {
  return new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
}

/**
 * Does a process with this `/proc/<pid>/status` look like the first process of a session? It lives in a pid
 * namespace below ours, leads its process session there, and its parent lives further out: an engine put it there,
 * and no agent that is at work inside. This may take another's session for ours, never ours for none; hermes may
 * have any title, so its command line says nothing.
 * @param statusOf the status of a process, asked for the parent
 */
export function looksLikeSession(status: string, statusOf: (pid: string) => string): boolean {
  const [pids, sids] = [numbersOf(status, 'NSpid'), numbersOf(status, 'NSsid')];
  if (pids.length < 2 || pids.at(-1) !== sids.at(-1) || /^State:\s+Z/m.test(status)) return false;
  return numbersOf(statusOf(numbersOf(status, 'PPid')[0] ?? ''), 'NSpid').length < pids.length;
}

/**
 * Does a process's cgroup, or the command line of its parent (conmon's and containerd-shim's name the container), name
 * a container, and not ours? Rootless containers may have no cgroup of their own.
 */
export function isElsewhere(told: string, containerId: string): boolean {
  const named: readonly string[] = told.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [];
  return named.length > 0 && !named.includes(containerId);
}

/**
 * Which of these pids were given out after the client's, up to the last one (the fifth word of `/proc/loadavg`,
 * proc(5))? They rise, and begin anew behind the highest (32,768 on most systems, or 4 million).
 */
export function youngerThan(client: number, pids: readonly string[], loadavg: string): readonly string[] {
  const last = Number(loadavg.trim().split(' ')[4]);
  const isYounger = (pid: number): boolean =>
    last >= client ? pid > client && pid <= last : pid > client || pid <= last;
  return pids.filter((name) => isYounger(Number(name)));
}

/**
 * Looks on the host whether a session may have outlived its engine's client: docker's and podman's exit 0 when
 * somebody kills them with TERM, as if hermes had ended well. Only processes younger than the client count: this
 * reads the list of /proc and a handful of files (0.2 ms), where asking the engine costs an exec. With another host's
 * engine, or /proc hidden, nothing is seen and the client is believed.
 * @param client its pid, and its start time in clock ticks since boot
 * @returns the processes that may be it, as `pid:start`
 */
export function findSuspects(
  client: { readonly pid: number; readonly start: string },
  containerId: string,
): readonly string[] {
  try {
    return youngerThan(client.pid, readdirSync('/proc'), readFileSync('/proc/loadavg', 'utf8'))
      .map((pid) => ({ pid, start: startTimeOf(read(pid, 'stat')) }))
      .filter(({ pid, start }) => Number(start) >= Number(client.start) && maySurvive(pid, containerId))
      .map(({ pid, start }) => `${pid}:${start}`);
  } catch {
    return [];
  }
}

function maySurvive(pid: string, containerId: string): boolean {
  const status = read(pid, 'status');
  const [parent = ''] = numbersOf(status, 'PPid');
  return (
    looksLikeSession(status, (other) => read(other, 'status')) &&
    !isElsewhere(`${read(pid, 'cgroup')}\n${read(parent, 'cmdline')}`, containerId)
  );
}

function read(pid: string, name: 'status' | 'cgroup' | 'stat' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}
