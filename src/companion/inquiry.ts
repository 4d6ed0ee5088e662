import { posix } from 'node:path';
import { scriptCommand } from '../engine/access.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import type { Candidate } from './candidates.ts';
import { ask } from './run-probe.ts';

/** What a container says of its own hermes. */
export type Findings = {
  /** who owns the home in there, by name where it has one: the user that hermes is there */
  readonly user: string | undefined;
  /** the same in numbers, `uid:gid` */
  readonly owner: string | undefined;
  /** where hermes is: the module's place, else the first on the container's own PATH */
  readonly bin: string | undefined;
};

/** `$1` the home in there, `$2` where the NixOS module has hermes. Prints a word and a value a line. */
const script = `set -- "$1" "$2" $(ls -ldn "$1" 2>/dev/null)
[ -z "$5" ] || echo "owner $5:$6"
while IFS=: read -r n p u r; do [ "$u" = "$5" ] && echo "user $n" && break; done </etc/passwd 2>/dev/null
for b in "$2" "$(command -v hermes)"; do
  case $b in /*) [ -f "$b" ] && [ -x "$b" ] && echo "bin $b" && break ;; esac
done
exit 0`;

/**
 * Asks a container who hermes is in there and where it lies; starts no hermes.
 * @throws {Failure} 125 when it could not be asked
 */
export async function inquire(
  { via, container, containerHome }: Candidate,
  caller: Caller,
): Promise<Findings> {
  const home = containerHome ?? '/';
  const module = posix.join(posix.dirname(home), 'current-package/bin/hermes');
  const asked = { containerId: container.id, user: '0', script, name: 'hermes-enable', args: [home, module] };
  const { ok, stdout, words: complaint } = await ask(scriptCommand(via, asked), caller.env);
  if (!ok) {
    const sentence = `container '${container.name}' could not be asked (${escapeControls(complaint, 160)})`;
    throw new Failure(exitCodes.cannotRoute, sentence, [
      { label: 'say it', text: 'hermes-shim enable --user USER --bin PATH' },
    ]);
  }
  const said = new Map(
    stdout.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
  const owner = said.get('owner');
  return { owner, user: said.get('user') ?? owner, bin: said.get('bin') };
}
