import { transportOf } from '../../engine/transport/transport.ts';
import type { Environment } from '../../system/environment.ts';
import { sleep } from '../../system/sleep.ts';
import type { Address } from '../control/control-script.ts';
import { type NoteState, noteRoots } from '../plan/exec-wrapper.ts';
import search from './search-note.sh';

/**
 * What the exec wrapper's note says of a session. `none`: there is no note, though there would be one if the exec wrapper had
 * run, unless hermes removed it; `never`: it did not run, as times in the container prove; `unknown`: nobody could
 * look, or a note could not have been written.
 */
export type NoteFinding = NoteState | 'none' | 'never' | 'unknown';

/** How long a look for a note may take, in milliseconds. */
const lookMs = 20_000;

/**
 * Asks in a running container, as root. Starts no hermes.
 * @param begunMs when the session was to begin, in milliseconds since 1970
 */
export async function searchNote(
  { via, containerId, sessionId, user }: Address,
  begunMs: number,
  env: Environment,
): Promise<NoteFinding> {
  const args = [sessionId, user, String(Math.floor(begunMs / 1000))];
  const asked = { containerId, user: '0', script: search, name: 'hermes-note', args };
  const result = await transportOf(via, env).runScript(asked, { timeoutMs: lookMs });
  return result.kind === 'exited' ? readSearch(result.stdout) : 'unknown';
}

/** Reads what `search` printed. */
export function readSearch(stdout: string): NoteFinding {
  const said = stdout.trim();
  if (said === 'none' || said === 'never') return said;
  return toState(/^note ([a-z]+)$/.exec(said)?.[1]) ?? 'unknown';
}

/**
 * Reads the note out of a container that does not run any more: engines copy files out of those too. Not in the
 * moment in which it ends (measured, docker), so it is asked again.
 */
export async function copyNote(
  { via, containerId, sessionId, user }: Address,
  env: Environment,
): Promise<NoteFinding> {
  const [root = ''] = noteRoots;
  const directory = `${root}${user}`;
  for (let look = 1; ; look += 1) {
    const result = await transportOf(via, env).copyOut(containerId, directory, { timeoutMs: lookMs });
    const finding = result.kind === 'exited' ? readCopy(result, { directory, sessionId }) : 'unknown';
    if (finding !== 'unknown' || look === 3) return finding;
    await sleep(200);
  }
}

/** Finds the note of a session in what `cp … -` printed: a tar archive, in which each note stands as it is. */
export function readCopy(
  result: { code: number; stdout: string; stderr: string },
  { directory, sessionId }: { directory: string; sessionId: string },
): NoteFinding {
  if (result.code !== 0) {
    const absent = [`could not find the file ${directory} `, `"${directory}" could not be found`];
    return absent.some((words) => result.stderr.toLowerCase().includes(words.toLowerCase()))
      ? 'none'
      : 'unknown';
  }
  const words = result.stdout.split(/[\0\n]/).map((line) => line.split(' '));
  const note = words.find(([, , id]) => id === sessionId);
  return note === undefined ? 'none' : (toState(note[3]) ?? 'unknown');
}

function toState(word: string | undefined): NoteState | undefined {
  return word === 'started' || word === 'failed' || word === 'missing' || word === 'forbidden'
    ? word
    : undefined;
}
