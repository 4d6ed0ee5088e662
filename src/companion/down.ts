import { isAlive } from '../engine/container.ts';
import { commandFor } from '../managed/apply/ground.ts';
import { stopContainer } from '../managed/apply/running.ts';
import { hasInHand, unitState } from '../managed/unit/systemctl.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { findKept } from './container-deeds.ts';
import { lockedly } from './lockedly.ts';
import { said } from './up.ts';

/** Stops the container. Everything stays: the next `up` or `restart` starts it again. */
export function down(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  return lockedly(caller, { file }, async (ground) => {
    const { container } = await findKept(ground);
    const { containerName } = ground.wanted;
    // between a crash and the next start it does not run, but systemd is about to start it
    if (!isAlive(container) && !hasInHand(await unitState(ground)))
      return said([`container '${containerName}' does not run`]);
    await stopContainer(ground);
    return said([`stopped container '${containerName}'; start it again: ${commandFor(ground, 'up')}`]);
  });
}
