import type { Context } from '../managed/apply/context.ts';
import { findRoute, reach } from '../managed/apply/ready.ts';
import { startContainer, stopContainer } from '../managed/apply/running.ts';
import { searchSharing } from '../managed/apply/search-sharing.ts';
import { refuseSharing } from '../managed/engine/sharing.ts';
import { readRecord } from '../managed/write/record.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { findKept } from './find-kept.ts';
import { said } from './up.ts';
import { withLock } from './with-lock.ts';

/** Stops the container, starts it again, and waits until hermes can be run in it. */
export function restart(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  return withLock(caller, { file }, async (context) => {
    await restartKept(context);
    return said([`restarted container '${context.wanted.containerName}'`]);
  });
}

/**
 * The same under a lock that is held. What stands in the way is found before anything is stopped.
 * @throws {Failure} 125
 */
export async function restartKept(context: Context): Promise<void> {
  const { wanted, place } = context;
  const record = readRecord(place, wanted.stateDir);
  const { container } = await findKept(context);
  const route = await findRoute(context);
  refuseSharing(container, await searchSharing(context, record.backend), wanted);
  await stopContainer(context);
  await startContainer(context);
  await reach(context, route);
}
