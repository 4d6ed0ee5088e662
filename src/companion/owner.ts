import { readFileSync, statSync } from 'node:fs';
import { execa } from 'execa';
import { errorCode } from '../report/system-error.ts';
import { parseSessionId, startTimeOf } from '../session/identity.ts';

/**
 * The host process that a session's id names: the shim that started it. `unknown`: this user may not see other
 * people's processes here (hidepid, proc(5)), so nothing can be said.
 */
export type Owner =
  | { readonly state: 'alive'; readonly pid: number; readonly uid: number }
  | { readonly state: 'gone'; readonly pid: number }
  | { readonly state: 'unknown'; readonly pid: number | undefined };

/** A look at the host's /proc; exchanged in tests. Throws the system's error where there is nothing to see. */
export type Look = (pid: number) => { readonly stat: string; readonly uid: number };

function lookAtHost(pid: number): ReturnType<Look> {
  return { stat: readFileSync(`/proc/${pid}/stat`, 'latin1'), uid: statSync(`/proc/${pid}`).uid };
}

/**
 * Does the shim that started a session still live? The id comes from the container: pid and start time are only
 * compared with the host's /proc, never signalled, and a pid that came again has another start time.
 */
export function findOwner(sessionId: string, look: Look = lookAtHost): Owner {
  const id = parseSessionId(sessionId);
  if (id === undefined) return { state: 'unknown', pid: undefined };
  const { hostPid: pid, hostStart } = id;
  try {
    const { stat, uid } = look(pid);
    return startTimeOf(stat) === hostStart ? { state: 'alive', pid, uid } : { state: 'gone', pid };
  } catch (error) {
    const code = errorCode(error);
    const absent = code === 'ENOENT' || code === 'ESRCH';
    return { state: absent && seesOthers(look) ? 'gone' : 'unknown', pid };
  }
}

/** Under hidepid other people's processes look absent, the first of all among them. */
function seesOthers(look: Look): boolean {
  try {
    look(1);
    return true;
  } catch {
    return false;
  }
}

/** The name of a user of this host, or the number. */
export async function userName(uid: number): Promise<string> {
  const { stdout, exitCode } = await execa('getent', ['passwd', String(uid)], {
    reject: false,
    timeout: 5000,
  });
  return (exitCode === 0 && stdout.split(':')[0]) || String(uid);
}
