import { realpathSync } from 'node:fs';
import type { Reached } from '../../engine/reach.ts';
import { reachContainer } from '../../engine/reach-container.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import { parsedMetadata } from '../plan/access.ts';
import type { Facts } from '../plan/facts.ts';
import type { Ground } from './ground.ts';

/** How long a container may take to set itself up, in seconds: the first start of one installs what it needs. */
const patienceSeconds = '60';

/** The way into the container that the file asks for, as the hot path would find it by the metadata. */
export function routeOf(
  { wanted, who }: Ground,
  facts: Pick<Facts, 'via' | 'layout' | 'owner'>,
): ContainerRoute {
  const home = realpathSync(wanted.home);
  return {
    kind: 'container',
    metadata: parsedMetadata(wanted, facts),
    file: wanted.file,
    homePath: home,
    homeRoot: home,
    profile: undefined,
    ownerUid: facts.owner?.uid ?? who.uid,
  };
}

/**
 * Waits until hermes can be run in the container, by the hot path's own looks.
 * @throws {Failure} what is wrong
 */
export async function reach(ground: Ground, facts: Facts): Promise<Reached> {
  const { caller } = ground;
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const env = { HERMES_SHIM_WAIT: patienceSeconds, ...caller.env };
  return reachContainer(
    routeOf(ground, facts),
    { ...caller, env },
    { interactive: terminal, spin: terminal && process.stderr.isTTY === true, verify: 'young' },
  );
}

/** The same, for whoever only waits. */
export async function waitUntilReady(ground: Ground, facts: Facts): Promise<void> {
  await reach(ground, facts);
}
