import { commandFor, type Ground } from '../managed/apply/ground.ts';
import { askEngine, labels, type Made } from '../managed/engine/facts.ts';
import { exitCodes, Failure } from '../report/failure.ts';

/**
 * Finds the container of the file; one that somebody else made is not touched.
 * @throws {Failure} 125 where there is none
 */
export async function findKept(ground: Ground): Promise<Made> {
  const { wanted, via, caller } = ground;
  const names = { container: wanted.containerName, image: wanted.image };
  const { container } = await askEngine(via, names, caller.env);
  if (container?.labels[labels.managed] === wanted.stateDir) return container;
  const says = container
    ? `container '${wanted.containerName}' was not made for ${wanted.stateDir}`
    : `there is no container '${wanted.containerName}' (${via.engine})`;
  throw new Failure(exitCodes.cannotRoute, says, [{ label: 'make it', text: commandFor(ground, 'up') }]);
}
