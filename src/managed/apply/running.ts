import { isAlive } from '../../engine/container.ts';
import { sleep } from '../../system/sleep.ts';
import { stopArgs, tell } from '../engine/deeds.ts';
import { askEngine } from '../engine/facts.ts';
import { hasInHand, systemctl, unitState } from '../unit/systemctl.ts';
import { unitName } from '../unit/text.ts';
import type { Ground } from './ground.ts';

/** Longest wait until a unit that was started has started its container, in milliseconds. */
const patienceMs = 30_000;

/**
 * Starts the container: by its unit where it has one, or nobody would start it again after a crash, since the engine is
 * told not to.
 * @throws {Failure} 125 with the engine's or systemd's words
 */
export async function startContainer(ground: Ground): Promise<void> {
  const { wanted, doer } = ground;
  const state = await unitState(ground);
  if (state !== undefined) await startUnit(ground, state);
  // a unit ends without a word for people when the engine refuses; the engine says why. Of one that runs this is nothing
  if (state === undefined || !(await works(ground)))
    await tell(doer, 'start the container', ['start', wanted.containerName]);
}

async function startUnit(ground: Ground, state: string): Promise<void> {
  const unit = unitName(ground.wanted.containerName);
  // one that was given up on, because it failed too often, would be refused
  if (state === 'failed') await systemctl(ground, ['reset-failed', unit]);
  // active without its container: the engine's client hangs, and to start it again would be nothing
  const again = state === 'active' && !(await works(ground));
  await systemctl(ground, [again ? 'restart' : 'start', unit]);
  // systemctl returns when the client was started, which may be before the container is
  const end = performance.now() + patienceMs;
  while (!(await works(ground)) && (await unitState(ground)) === 'active' && performance.now() < end)
    await sleep(50);
}

/**
 * Stops the container: by its unit where that has it in hand, which would start it again otherwise; by the engine where
 * it runs all the same.
 * @throws {Failure} 125 with the engine's or systemd's words
 */
export async function stopContainer(ground: Ground): Promise<void> {
  await stopUnit(ground);
  if (await works(ground))
    await tell(ground.doer, 'stop the container', stopArgs(ground.wanted.containerName));
}

/**
 * Lets systemd let go of the container, and with that stop it. To be done before the name becomes another container's,
 * which its client would start or stop.
 */
export async function stopUnit(ground: Ground): Promise<void> {
  if (hasInHand(await unitState(ground)))
    await systemctl(ground, ['stop', unitName(ground.wanted.containerName)]);
}

/** Does the container work, or will it in a moment? */
async function works({ via, wanted, caller }: Ground): Promise<boolean> {
  const names = { container: wanted.containerName, image: wanted.image };
  const { container } = await askEngine(via, names, caller.env);
  return container !== undefined && isAlive(container.container);
}
