import { isAlive } from '../../engine/container.ts';
import { sleep } from '../../system/sleep.ts';
import { runEngine, stopArgs, tryEngine } from '../engine/commands.ts';
import { askEngine, type Made } from '../engine/facts.ts';
import { hasInHand, systemctl, unitState, unreachable } from '../unit/systemctl.ts';
import { unitName } from '../unit/text.ts';
import type { Context } from './context.ts';

/** Longest wait until a unit that was started has started its container, in milliseconds. */
const patienceMs = 30_000;

/**
 * Starts the container: by its unit where it has one, or nobody would start it again after a crash, since the engine is
 * told not to.
 * @throws {Failure} 125 with the engine's or systemd's words
 */
export async function startContainer(context: Context): Promise<void> {
  const { wanted, target } = context;
  const state = await unitState(context);
  if (state.kind === 'known') await startUnit(context, state.word);
  // a unit ends without a word for people when the engine refuses; the engine says why. Of one that runs this is nothing
  if (state.kind !== 'known' || !(await works(context)))
    await runEngine(target, 'start the container', ['start', wanted.containerName]);
}

async function startUnit(context: Context, state: string): Promise<void> {
  const unit = unitName(context.wanted.containerName);
  // one that was given up on, because it failed too often, would be refused
  if (state === 'failed') await systemctl(context, ['reset-failed', unit]);
  // active without its container: the engine's client hangs, and to start it again would be nothing
  const again = state === 'active' && !(await works(context));
  await systemctl(context, [again ? 'restart' : 'start', unit]);
  // systemctl returns when the client was started, which may be before the container is
  const end = performance.now() + patienceMs;
  while (!(await works(context)) && (await isActive(context)) && performance.now() < end) await sleep(50);
}

async function isActive(context: Context): Promise<boolean> {
  const state = await unitState(context);
  return state.kind === 'known' && state.word === 'active';
}

/**
 * Stops the container: by its unit where that has it in hand, which would start it again otherwise; by the engine where
 * it runs all the same.
 * @throws {Failure} 125 with the engine's or systemd's words
 */
export async function stopContainer(context: Context): Promise<void> {
  const { target, wanted } = context;
  const { container } = (await ask(context)) ?? {};
  // podman stops nothing that is paused
  if (container?.state.status === 'paused') await tryEngine(target, ['unpause', wanted.containerName]);
  await stopUnit(context);
  if (await works(context)) await runEngine(target, 'stop the container', stopArgs(wanted.containerName));
}

/**
 * Lets systemd let go of the container, and with that stop it. To be done before the name becomes another container's,
 * which its client would start or stop.
 * @throws {Failure} 125 with systemd's words, or where it cannot be asked
 */
export async function stopUnit(context: Context): Promise<void> {
  const state = await unitState(context);
  if (state.kind === 'unreachable') throw unreachable(context);
  if (hasInHand(state)) await systemctl(context, ['stop', unitName(context.wanted.containerName)]);
}

/** Does the container work, or will it in a moment? */
async function works(context: Context): Promise<boolean> {
  const made = await ask(context);
  return made !== undefined && isAlive(made.container);
}

async function ask({ via, wanted, caller }: Context): Promise<Made | undefined> {
  const names = { container: wanted.containerName, image: wanted.image };
  return (await askEngine(via, names, caller.env)).container;
}
