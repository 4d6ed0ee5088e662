import { gather } from '../managed/apply/gather.ts';
import type { Ground } from '../managed/apply/ground.ts';
import { reach } from '../managed/apply/ready.ts';
import { startContainer, stopContainer } from '../managed/apply/running.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { findKept } from './container-deeds.ts';
import { lockedly } from './lockedly.ts';
import { said } from './up.ts';

/** Stops the container, starts it again, and waits until hermes can be run in it. */
export function restart(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  return lockedly(caller, { file }, async (ground) => {
    await findKept(ground);
    await restartKept(ground);
    return said([`restarted container '${ground.wanted.containerName}'`]);
  });
}

/** The same with a container that is known to be ours, under a lock that is held. */
export async function restartKept(ground: Ground): Promise<void> {
  await stopContainer(ground);
  await startContainer(ground);
  await reach(ground, await gather(ground));
}
