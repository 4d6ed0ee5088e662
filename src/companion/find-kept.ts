import type { Context } from '../managed/apply/context.ts';
import { askEngine, labels, type Made } from '../managed/engine/facts.ts';
import { commandOf } from '../managed/file/command.ts';
import { exitCodes, Failure } from '../report/failure.ts';

/**
 * Finds the container of the file; one that somebody else made is not touched.
 * @throws {Failure} 125 where there is none
 */
export async function findKept(context: Context): Promise<Made> {
  const { wanted, via, caller } = context;
  const names = { container: wanted.containerName, image: wanted.image };
  const { container } = await askEngine(via, names, caller.env);
  if (container?.labels[labels.managed] === wanted.stateDir) return container;
  const says = container
    ? `container '${wanted.containerName}' was not made for ${wanted.stateDir}`
    : `there is no container '${wanted.containerName}' (${via.engine})`;
  throw new Failure(exitCodes.cannotRoute, says, [
    { label: 'make it', text: commandOf(context.wanted, 'up') },
  ]);
}
