import type { Engine } from '../route/metadata.ts';
import type { Cause } from './cause.ts';

/** Reasons that are given only for the container of this very home: it was found, and something else is wrong. */
const ofTheContainer: ReadonlyArray<Cause['kind']> = [
  'not-running',
  'paused',
  'user-missing',
  'binary-missing',
  'binary-not-executable',
  'check-failed',
];

/** Did this access find the container of this very home? */
export function isOfTheContainer(cause: Cause): boolean {
  return ofTheContainer.includes(cause.kind);
}

/**
 * Which of the accesses' reasons is told. The one that found the container; else, where sudo did not work: docker's one
 * daemon has already answered directly; podman shows root's containers to root alone, so there sudo is what is missing,
 * unless root's podman has a socket for this user and only does not answer on it now.
 * @param causes by access; `served`: by the socket of root's podman
 */
export function mostHelpfulCause(
  engine: Engine,
  { direct, sudo, served }: Readonly<Partial<Record<'direct' | 'sudo' | 'served', Cause | undefined>>>,
  ownState: boolean,
): Cause {
  const found = [sudo, direct].find((cause) => cause && isOfTheContainer(cause));
  if (found) return found;
  const refused = sudo?.kind === 'sudo-refused' || sudo?.kind === 'no-sudo';
  if (refused && (served?.kind === 'daemon-down' || served?.kind === 'engine-silent')) return served;
  if (direct === undefined || sudo === undefined) return direct ?? sudo ?? { kind: 'absent', engine };
  if (refused) return engine === 'podman' && !ownState ? sudo : direct;
  return direct.kind === 'absent' || direct.kind === 'socket-forbidden' ? sudo : direct;
}
