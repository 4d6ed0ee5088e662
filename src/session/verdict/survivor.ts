import { readdirSync, readFileSync } from 'node:fs';
import { startTimeOf } from '../plan/session-id.ts';

/*
 * Engines' clients lie: docker's and podman's exit 0 when somebody kills them by TERM, as if hermes had ended well. So
 * after such an end we look in the host's /proc for a process that may be the session. That takes 0.2 ms, where asking
 * the engine would cost every call an exec.
 */

/** The numbers of one line of `/proc/<pid>/status` (proc(5)); of `NSpid` one for each pid namespace, ours first. */
function numbersOf(status: string, key: string): readonly string[] {
  return new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
}

/**
 * Does a process with this `/proc/<pid>/status` look like the first process of some session? Three signs: it is in a pid
 * namespace below ours; it leads its process session there; and its parent is outside of that namespace, since an engine
 * started it, where what hermes starts has its parent inside. Another call's session has these signs, too, but none that
 * is ours lacks them. The command line is no sign: hermes may give itself any title.
 * @param statusOf the status of a process, asked for the parent
 */
export function looksLikeSession(status: string, statusOf: (pid: string) => string): boolean {
  const [pids, sids] = [numbersOf(status, 'NSpid'), numbersOf(status, 'NSsid')];
  if (pids.length < 2 || pids.at(-1) !== sids.at(-1) || /^State:\s+Z/m.test(status)) return false;
  return numbersOf(statusOf(numbersOf(status, 'PPid')[0] ?? ''), 'NSpid').length < pids.length;
}

/**
 * Does a process belong to another container than ours? Its cgroup names the container, or the command line of its
 * parent does, conmon or containerd-shim. Where neither names any (rootless containers may have no cgroup of their own)
 * it may be ours.
 * @param names both of these texts
 */
export function isElsewhere(names: string, containerId: string): boolean {
  const named: readonly string[] = names.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [];
  return named.length > 0 && !named.includes(containerId);
}

/**
 * Which of these pids were given out after the client's? A session starts after its client, so no other can be it, and
 * there are few. Pids rise to the last one given out (the fifth word of `/proc/loadavg`, proc(5)), and begin anew at the
 * bottom once the highest is reached (32,768 on most systems, or 4 million).
 */
export function youngerThan(client: number, pids: readonly string[], loadavg: string): readonly string[] {
  const last = Number(loadavg.split(' ')[4]);
  const isYounger = (pid: number): boolean =>
    last >= client ? pid > client && pid <= last : pid > client || pid <= last;
  return pids.filter((name) => isYounger(Number(name)));
}

/** A look at this host's /proc; exchanged in tests. Throws the system's error where there is nothing to see. */
export type HostLook = {
  readonly names: () => readonly string[];
  readonly file: (path: string) => string;
};

const realHost: HostLook = {
  names: () => readdirSync('/proc'),
  file: (path) => readFileSync(`/proc/${path}`, 'utf8'),
};

/**
 * The processes of this host that may be a session which outlived its client. Where none can be seen, with an engine on
 * another host or a hidden /proc, the client is believed.
 * @param client its pid, and its start time in clock ticks since boot
 * @returns the processes that may be it, as `pid:start`
 */
export function findSuspects(
  client: { readonly pid: number; readonly start: string },
  containerId: string,
  look: HostLook = realHost,
): readonly string[] {
  const read = (pid: string, name: 'status' | 'cgroup' | 'stat' | 'cmdline'): string => {
    try {
      return look.file(`${pid}/${name}`);
    } catch {
      return ''; // ended meanwhile
    }
  };
  const maySurvive = (pid: string): boolean => {
    const status = read(pid, 'status');
    const [parent = ''] = numbersOf(status, 'PPid');
    return (
      looksLikeSession(status, (other) => read(other, 'status')) &&
      !isElsewhere(`${read(pid, 'cgroup')}\n${read(parent, 'cmdline')}`, containerId)
    );
  };
  try {
    return youngerThan(client.pid, look.names(), look.file('loadavg'))
      .map((pid) => ({ pid, start: startTimeOf(read(pid, 'stat')) }))
      .filter(({ pid, start }) => Number(start) >= Number(client.start) && maySurvive(pid))
      .map(({ pid, start }) => `${pid}:${start}`);
  } catch {
    return [];
  }
}
