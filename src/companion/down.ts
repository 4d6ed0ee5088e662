import { isAlive } from '../engine/container.ts';
import { stopArgs, tell } from '../managed/engine/deeds.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { byUnit, findKept } from './container-deeds.ts';
import { lockedly, said } from './up.ts';

/** Stops the container. Everything stays: the next `up` or `restart` starts it again. */
export async function down(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  const kept = await findKept(caller, file);
  const { ground, made } = kept;
  const { containerName } = ground.wanted;
  if (!isAlive(made.container)) return said([`container '${containerName}' does not run`]);
  await lockedly(ground, async () => {
    if (!(await byUnit(kept, 'stop'))) await tell(ground.doer, 'stop the container', stopArgs(containerName));
  });
  return said([`stopped container '${containerName}'; start it again: hermes-shim up`]);
}
