import { isAlive } from '../engine/container.ts';
import type { Context } from '../managed/apply/context.ts';
import { asideName, askEngine, labels, type Made } from '../managed/engine/facts.ts';
import { commandOf } from '../managed/file/command.ts';
import { exitCodes, Failure } from '../report/failure.ts';

/**
 * Finds the container of the file; one that somebody else made is not touched.
 * @throws {Failure} 125 where there is none
 */
export async function findKept(context: Context): Promise<Made> {
  const { wanted, via, caller } = context;
  const names = { container: wanted.containerName, image: wanted.image };
  const { container, aside } = await askEngine(via, names, caller.env);
  if (container?.labels[labels.managed] === wanted.stateDir) return container;
  if (container === undefined && aside?.labels[labels.managed] === wanted.stateDir) {
    const old = asideName(wanted.containerName);
    const says = `there is no container '${wanted.containerName}' (${via.engine}): a run that was interrupted left it as '${old}'`;
    throw new Failure(exitCodes.cannotRoute, says, [
      { label: 'go on', text: commandOf(context.wanted, 'up') },
      ...(isAlive(aside.container) ? [{ label: 'or stop it', text: `${via.engine} stop ${old}` }] : []),
    ]);
  }
  const says = container
    ? `container '${wanted.containerName}' was not made for ${wanted.stateDir}`
    : `there is no container '${wanted.containerName}' (${via.engine})`;
  throw new Failure(exitCodes.cannotRoute, says, [
    { label: 'make it', text: commandOf(context.wanted, 'up') },
  ]);
}
