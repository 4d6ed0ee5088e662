import { findGround, type Ground } from '../managed/apply/ground.ts';
import { askEngine, labels, type Made } from '../managed/engine/facts.ts';
import { systemctl } from '../managed/unit/install.ts';
import { hasSystemd, isInstalled } from '../managed/unit/place.ts';
import { unitName } from '../managed/unit/text.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';

/** The container that hermes-shim made for the file, and the way to it. */
export type Kept = { readonly ground: Ground; readonly made: Made };

/**
 * Finds the container of the file; one that somebody else made is not touched.
 * @throws {Failure} 125 where there is none
 */
export async function findKept(caller: Caller, file: string | undefined): Promise<Kept> {
  const ground = await findGround(caller, file);
  const { wanted, via } = ground;
  const names = { container: wanted.containerName, image: wanted.image };
  const { container } = await askEngine(via, names, caller.env);
  if (container?.labels[labels.managed] === wanted.stateDir) return { ground, made: container };
  const says = container
    ? `container '${wanted.containerName}' was not made for ${wanted.stateDir}`
    : `there is no container '${wanted.containerName}' (${via.engine})`;
  throw new Failure(exitCodes.cannotRoute, says, [{ label: 'make it', text: 'hermes-shim up' }]);
}

/**
 * Lets systemd do it where a unit of ours starts the container: past it, it would start it again.
 * @returns was it done so?
 */
export async function byUnit({ ground }: Kept, verb: 'stop' | 'start' | 'restart'): Promise<boolean> {
  const { who, caller, wanted } = ground;
  if (!hasSystemd() || !isInstalled(who, caller.env, wanted.containerName)) return false;
  await systemctl(ground, [verb, unitName(wanted.containerName)]);
  return true;
}
