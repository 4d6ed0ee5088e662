import { toRefusal } from '../../engine/probe.ts';
import type { Address } from '../control/control-script.ts';

/**
 * Do an engine's client, or sudo in front of it, say that they did not start anything in this container: it is not there,
 * does not run, is paused, has no such user, or sudo would not run them at all? Only for what nobody but they can have
 * written; engines say these words before an exec begins, and no other way tells as much: they end with the same codes
 * when a container is removed under a session.
 */
export function saysRefused(
  words: string,
  { via, containerId }: Pick<Address, 'via' | 'containerId'>,
): boolean {
  if (via.access.kind === 'sudo') {
    const refusal = toRefusal(words, via.access.tool);
    if (refusal !== undefined && refusal !== 'other') return true;
  }
  return (
    refusals.some((pattern) => pattern.test(words)) ||
    absences(containerId).some((said) => words.includes(said))
  );
}

const refusals: readonly RegExp[] = [
  // podman, also where it is paused
  /can only create exec sessions on running containers/i,
  // docker
  /container \S+ is (not running|paused|restarting)/i,
  // runc's and crun's
  /unable to find (user|group) \S*: no matching entries/i,
];

/** By the full id that was asked for: an exec that is gone is called by another. */
function absences(id: string): readonly string[] {
  return [
    `No such container: ${id}`,
    `no container with name or ID "${id}" found`,
    `no container with name or ID ${id} found`,
  ];
}
