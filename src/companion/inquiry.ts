import { posix } from 'node:path';
import { scriptCommand } from '../engine/access.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import askHermes from './ask-hermes.sh';
import type { Candidate } from './candidates.ts';
import { runProbe } from './run-probe.ts';

/** What a container says of its own hermes. */
export type Findings = {
  /** who owns the home in there, by name where it has one: the user that hermes is there */
  readonly user: string | undefined;
  /** the same in numbers, `uid:gid` */
  readonly owner: string | undefined;
  /** where hermes is: the module's place, else the first on the container's own PATH */
  readonly bin: string | undefined;
};

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
  const asked = {
    containerId: container.id,
    user: '0',
    script: askHermes,
    name: 'hermes-enable',
    args: [home, module],
  };
  const { ok, stdout, words: complaint } = await runProbe(scriptCommand(via, asked), caller.env);
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
