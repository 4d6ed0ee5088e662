/** Tests that the ways to one podman take in turns. */
import { type EngineMode, engineOf } from '../../scripts/engines/modes.ts';

/**
 * Has a way the turn for the nth test (from 0) of those that run in the ways `among`? Where podman is reached by its
 * client its ways take turns, since the client is the same; every other way has every turn.
 */
export function hasTurn(mode: EngineMode, among: readonly EngineMode[], nth: number): boolean {
  const podmans = byPodmansClient(among);
  return !podmans.includes(mode) || podmans[nth % podmans.length] === mode;
}

/** How many of so many draws a way makes of those `among` which they are made: the same ways share them. */
export function shareOf(mode: EngineMode, among: readonly EngineMode[], draws: number): number {
  const podmans = byPodmansClient(among);
  return podmans.includes(mode) ? Math.ceil(draws / podmans.length) : draws;
}

const byPodmansClient = (among: readonly EngineMode[]): readonly EngineMode[] =>
  among.filter((mode) => engineOf(mode) === 'podman' && mode !== 'podman-socket');
