import { engineCommand, scriptCommand } from '../engine/access.ts';
import { runCommand } from '../engine/run-command.ts';
import { sleep } from '../report/sleep.ts';
import type { Environment } from '../route/inside.ts';
import { type NoteState, noteRoots } from './doorman.ts';
import type { Address } from './errand.ts';

/**
 * What the doorman's note says of a session. `none`: there is no note, though there would be one if the doorman had
 * run; `unknown`: nobody could look, or a note could not have been written.
 */
export type NoteFinding = NoteState | 'none' | 'unknown';

/** How long a look for a note may take, in milliseconds. */
const lookMs = 20_000;

/**
 * Looks for the note of a session (`$1`) in every user's directory, so it is asked as root: the user in question may
 * have been somebody else a moment ago. Says `none` only where a note could have been written: in a directory that
 * is everybody's.
 */
const search = `for n in ${noteRoots.map((root) => `${root}*/*`).join(' ')}; do
  [ -f "$n" ] && read -r p t i s <"$n" && [ "$i" = "$1" ] && echo "note $s" && exit
done 2>/dev/null
for d in ${[...new Set(noteRoots.map((root) => root.slice(0, root.lastIndexOf('/'))))].join(' ')}; do
  [ -k "$d" ] && [ -w "$d" ] && echo none && exit
done
echo unknown`;

/** Asks in a running container, as root. Starts no hermes. */
export async function searchNote(
  { via, containerId, sessionId }: Address,
  env: Environment,
): Promise<NoteFinding> {
  const asked = { containerId, user: '0', script: search, name: 'hermes-errand', args: [sessionId] };
  const result = await runCommand(scriptCommand(via, asked), { env, timeoutMs: lookMs });
  return result.kind === 'exited' ? readSearch(result.stdout) : 'unknown';
}

/** Reads what `search` printed. */
export function readSearch(stdout: string): NoteFinding {
  const said = stdout.trim();
  if (said === 'none') return 'none';
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
  const argv = engineCommand(via, ['cp', `${containerId}:${directory}`, '-']);
  for (let look = 1; ; look += 1) {
    const result = await runCommand(argv, { env, timeoutMs: lookMs });
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
