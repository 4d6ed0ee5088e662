import { engineCommand, scriptCommand } from '../../engine/access.ts';
import type { Environment } from '../../route/inside.ts';
import { runCommand } from '../../system/run-command.ts';
import { sleep } from '../../system/sleep.ts';
import type { Address } from '../control/control-script.ts';
import { type NoteState, noteRoots } from '../plan/exec-wrapper.ts';

/**
 * What the doorman's note says of a session. `none`: there is no note, though there would be one if the doorman had
 * run, unless hermes removed it; `never`: it did not run, as times in the container prove; `unknown`: nobody could
 * look, or a note could not have been written.
 */
export type NoteFinding = NoteState | 'none' | 'never' | 'unknown';

/** How long a look for a note may take, in milliseconds. */
const lookMs = 20_000;

/**
 * Looks for the note of a session (`$1`) in every user's directory, so it is asked as root: the user (`$2`) may have
 * been somebody else a moment ago. Says that there is none only where a note can be written and read again.
 * `never` is proven by changes (ctime, in seconds, which nobody can set back) before the session was to begin (`$3`):
 * of the places where its note would lie, since who removes a note changes them; or of the files that say who is who,
 * for a user who is not there.
 */
const search = `id=$1 user=$2 begun=$3
for n in ${noteRoots.map((root) => `${root}*/*`).join(' ')}; do
  [ -f "$n" ] && read -r p t i s <"$n" && [ "$i" = "$id" ] && echo "note $s" && exit
done 2>/dev/null
old() { z=$(stat -c %Z "$1") && [ "$z" -lt "$begun" ]; } 2>/dev/null
untouched() {
  for d in ${noteRoots.map((root) => `"${root}$user"`).join(' ')}; do
    [ -d "$d" ] || d=\${d%/*}
    [ ! -d "$d" ] || old "$d" || return 1
  done
}
same_users() { for f in /etc /etc/passwd /etc/group; do [ ! -e "$f" ] || old "$f" || return 1; done; }
w=none
if untouched || same_users; then w=never; fi
for d in ${[...new Set(noteRoots.map((root) => root.slice(0, root.lastIndexOf('/'))))].join(' ')}; do
  f=$d/.hermes-shim-try-$$
  z=
  [ -k "$d" ] && echo try >"$f" && read -r z <"$f"
  rm -f "$f"
  [ "$z" != try ] || { echo $w && exit; }
done 2>/dev/null
echo unknown`;

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
  const asked = { containerId, user: '0', script: search, name: 'hermes-errand', args };
  const result = await runCommand(scriptCommand(via, asked), { env, timeoutMs: lookMs });
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
