import { gather } from '../managed/apply/gather.ts';
import { reach } from '../managed/apply/ready.ts';
import { stopArgs, tell } from '../managed/engine/deeds.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { byUnit, findKept, type Kept } from './container-deeds.ts';
import { lockedly, said } from './up.ts';

/** Stops the container, starts it again, and waits until hermes can be run in it. */
export async function restart(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  const kept = await findKept(caller, file);
  await lockedly(kept.ground, () => restartKept(kept));
  return said([`restarted container '${kept.ground.wanted.containerName}'`]);
}

/** The same under a lock that is held. */
export async function restartKept(kept: Kept): Promise<void> {
  const { ground } = kept;
  const { containerName } = ground.wanted;
  if (!(await byUnit(kept, 'restart'))) {
    await tell(ground.doer, 'stop the container', stopArgs(containerName));
    await tell(ground.doer, 'start the container', ['start', containerName]);
  }
  await reach(ground, await gather(ground));
}
