import { gather } from '../managed/apply/gather.ts';
import { findGround } from '../managed/apply/ground.ts';
import { reach, routeOf } from '../managed/apply/ready.ts';
import type { Caller } from '../route/caller.ts';
import { saveTerminal } from '../session/client/terminal-state.ts';
import { startWatchdog } from '../session/control/watchdog.ts';
import { enterReadyContainer } from '../session/enter.ts';
import { keepStreamsAway, readDescriptors } from '../session/plan/descriptors.ts';
import type { Ending } from '../session/verdict/ending.ts';
import { findKept } from './container-deeds.ts';

/** A command if there is one, else the better of the shells that are there. */
const script = '[ $# -eq 0 ] || exec "$@"; command -v bash >/dev/null && exec bash -l; exec sh -l';

/** A shell in the container as the user that hermes is, by the same session as a call of hermes. */
export async function shell(
  caller: Caller,
  { file }: { file: string | undefined },
  words: readonly string[],
): Promise<Ending> {
  const ground = await findGround(caller, file);
  await findKept(ground);
  const facts = await gather(ground);
  const reached = await reach(ground, facts);
  const route = routeOf(ground, facts);
  const inShell = { ...route, metadata: { ...route.metadata, hermesBin: '/bin/sh' } };
  const descriptors = readDescriptors(caller.noted);
  keepStreamsAway(descriptors);
  const terminal = descriptors.stdinTerminal && descriptors.stdoutTerminal;
  const beside = {
    watchdog: startWatchdog(caller.env),
    settings: terminal ? saveTerminal() : undefined,
  };
  const args = ['-c', script, 'hermes-shim-shell', ...words];
  return enterReadyContainer(reached, inShell, { ...caller, name: 'hermes', args }, descriptors, beside);
}
