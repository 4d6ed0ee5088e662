import { engineCommand } from '../../engine/access.ts';
import type { CommandResult } from '../../system/run-command.ts';
import type { Address } from './control-script.ts';

/**
 * Can a session still be in its container? `over`: the container is gone or does not run, and all that ran in it with
 * it; `perhaps`: it runs, is paused, or nobody can say.
 */
export type Liveness = 'over' | 'perhaps';

/** The command line that asks for a container's state, in one word. */
export function containerStateCommand({
  via,
  containerId,
}: Pick<Address, 'via' | 'containerId'>): readonly string[] {
  return engineCommand(via, ['inspect', '--type', 'container', '--format', '{{.State.Status}}', containerId]);
}

/** States in which nothing runs in a container (docker's and podman's words). */
export const ended = ['created', 'configured', 'initialized', 'exited', 'stopped', 'dead', 'removing'];

/** How engines say that they know no such container; the first letters vary. */
export const absent = ['o such container', 'o such object', 'o container with '];

/** Judges the answer to `containerStateCommand`. */
export function toLiveness(result: CommandResult): Liveness {
  if (result.kind !== 'exited') return 'perhaps';
  if (result.code === 0) return ended.includes(result.stdout.trim()) ? 'over' : 'perhaps';
  return absent.some((words) => result.stderr.includes(words)) ? 'over' : 'perhaps';
}
