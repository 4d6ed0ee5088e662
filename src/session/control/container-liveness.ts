import type { CommandResult } from '../../system/run-command.ts';

/**
 * Can a session still be in its container? `over`: the container is gone or does not run, and all that ran in it with
 * it; `perhaps`: it runs, is paused, or nobody can say.
 */
export type Liveness = 'over' | 'perhaps';

/** States in which nothing runs in a container (docker's and podman's words). */
export const ended = ['created', 'configured', 'initialized', 'exited', 'stopped', 'dead', 'removing'];

/** How engines say that they know no such container; the first letters vary. */
export const absent = ['o such container', 'o such object', 'o container with '];

/** Judges what an engine answered that was asked for a container's state. */
export function toLiveness(result: CommandResult): Liveness {
  if (result.kind !== 'exited') return 'perhaps';
  if (result.code === 0) return ended.includes(result.stdout.trim()) ? 'over' : 'perhaps';
  return absent.some((words) => result.stderr.includes(words)) ? 'over' : 'perhaps';
}
