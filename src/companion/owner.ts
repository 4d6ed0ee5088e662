import { readFileSync, statSync } from 'node:fs';
import { parseSessionId, pidScope, startTimeOf } from '../session/plan/session-id.ts';
import { systemEnv } from '../system/environment.ts';
import { errorCode } from '../system/error-code.ts';
import { runCommand } from '../system/run-command.ts';
import { statField } from '../system/stat.ts';

/**
 * The host process that a session's id names: the shim that started it. `unknown`: it was started where nobody can
 * see from here (another pid namespace, another host or boot), or this user may not see other people's processes
 * (hidepid, proc(5)), so nothing can be said.
 */
export type Owner =
  | { readonly state: 'alive'; readonly pid: number; readonly uid: number }
  | { readonly state: 'gone'; readonly pid: number }
  | { readonly state: 'unknown'; readonly pid: number | undefined };

/** A process as the host's /proc shows it. */
type HostProcess = { readonly stat: string; readonly uid: number };

/** Our view of this host's processes; exchanged in tests. */
export type Sight = {
  /** where we are, as in a session's id; `undefined` where a pid that is not there proves nothing */
  readonly place: string | undefined;
  /** Throws the system's error where there is nothing to see. */
  readonly look: (pid: number) => HostProcess;
};

/** What this process sees. */
export function ownSight(): Sight {
  return { place: seesOwnNamespace() ? pidScope() : undefined, look: lookAtHost };
}

function lookAtHost(pid: number): HostProcess {
  return { stat: readFileSync(`/proc/${pid}/stat`, 'latin1'), uid: statSync(`/proc/${pid}`).uid };
}

/** Is /proc that of our pid namespace? Mounted by an outer one it has more than one number for us (proc(5)). */
function seesOwnNamespace(): boolean {
  try {
    return /^NSpid:\t\d+$/m.test(readFileSync('/proc/self/status', 'latin1'));
  } catch {
    return false;
  }
}

/**
 * Does the shim that started a session still live? The id comes from the container: pid and start time are only
 * compared with the host's /proc, never signalled, and a pid that came again has another start time. Only what was
 * started where we are can be gone.
 */
export function findOwner(sessionId: string, { place, look }: Sight): Owner {
  const id = parseSessionId(sessionId);
  if (id === undefined) return { state: 'unknown', pid: undefined };
  const { hostPid: pid, hostStart } = id;
  const unknown = { state: 'unknown', pid } as const;
  if (id.place !== undefined && id.place !== place) return unknown;
  // an id without a place, of an older version: whoever is there is there, but nobody is missing
  const gone = id.place === undefined ? unknown : ({ state: 'gone', pid } as const);
  try {
    const { stat, uid } = look(pid);
    return startTimeOf(stat) === hostStart && !hasEnded(stat) ? { state: 'alive', pid, uid } : gone;
  } catch (error) {
    const code = errorCode(error);
    const absent = code === 'ENOENT' || code === 'ESRCH';
    return absent && seesOthers(look) ? gone : unknown;
  }
}

/** A zombie has ended, and only its parent has not asked how (state Z, proc(5)): some never do. */
function hasEnded(stat: string): boolean {
  return statField(stat, 3) === 'Z';
}

/** Under hidepid other people's processes look absent, the first of all among them. */
function seesOthers(look: Sight['look']): boolean {
  try {
    look(1);
    return true;
  } catch {
    return false;
  }
}

/** The name of a user of this host, or the number. */
export async function userName(uid: number): Promise<string> {
  const result = await runCommand(['getent', 'passwd', String(uid)], { env: systemEnv, timeoutMs: 5000 });
  return (result.kind === 'exited' && result.code === 0 && result.stdout.split(':')[0]) || String(uid);
}
