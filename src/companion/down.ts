import { isAlive } from '../engine/container.ts';
import { stopContainer } from '../managed/apply/running.ts';
import { commandOf } from '../managed/file/command.ts';
import { hasInHand, unitState } from '../managed/unit/systemctl.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { findKept } from './find-kept.ts';
import { said } from './up.ts';
import { withLock } from './with-lock.ts';

/** Stops the container. Everything stays: the next `up` or `restart` starts it again. */
export function down(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  return withLock(caller, { file }, async (context) => {
    const { container } = await findKept(context);
    const { containerName } = context.wanted;
    if (!isAlive(container)) {
      // between a crash and the next start it does not run, but systemd is about to start it
      const state = await unitState(context);
      if (state.kind !== 'unreachable' && !hasInHand(state))
        return said([`container '${containerName}' does not run`]);
    }
    await stopContainer(context);
    return said([`stopped container '${containerName}'; start it again: ${commandOf(context.wanted, 'up')}`]);
  });
}
