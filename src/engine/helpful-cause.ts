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
 * Which of two accesses' reasons is told. The one that found the container; else, where sudo did not work: docker's one
 * daemon has already answered directly; podman shows root's containers to root alone, so there sudo is what is missing.
 */
export function mostHelpfulCause(
  engine: Engine,
  direct: Cause | undefined,
  sudo: Cause | undefined,
  ownState: boolean,
): Cause {
  const found = [sudo, direct].find((cause) => cause && isOfTheContainer(cause));
  if (found) return found;
  if (direct === undefined || sudo === undefined) return direct ?? sudo ?? { kind: 'absent', engine };
  if (sudo.kind === 'sudo-refused' || sudo.kind === 'no-sudo')
    return engine === 'podman' && !ownState ? sudo : direct;
  return direct.kind === 'absent' || direct.kind === 'socket-forbidden' ? sudo : direct;
}
