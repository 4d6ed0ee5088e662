import { findContext } from '../managed/apply/context.ts';
import { findRoute, reach } from '../managed/apply/ready.ts';
import type { Caller } from '../route/caller.ts';
import { enterReadyContainer, prepare } from '../session/enter.ts';
import { isInteractive, keepStreamsAway, readDescriptors } from '../session/plan/descriptors.ts';
import type { Ending } from '../session/verdict/ending.ts';
import { findKept } from './find-kept.ts';

/** A command if there is one, else the better of the shells that are there. */
const script = '[ $# -eq 0 ] || exec "$@"; command -v bash >/dev/null && exec bash -l; exec sh -l';

/** A shell in the container as the user that hermes is, by the same session as a call of hermes. */
export async function shell(
  caller: Caller,
  { file }: { file: string | undefined },
  words: readonly string[],
): Promise<Ending> {
  const context = await findContext(caller, file);
  await findKept(context);
  const route = await findRoute(context);
  const reached = await reach(context, route);
  const inShell = { ...route, metadata: { ...route.metadata, hermesBin: '/bin/sh' } };
  const descriptors = readDescriptors(caller.noted);
  keepStreamsAway(descriptors);
  const prepared = prepare(caller.env, isInteractive(descriptors));
  const args = ['-c', script, 'hermes-shim-shell', ...words];
  return enterReadyContainer(reached, inShell, { ...caller, name: 'hermes', args }, descriptors, prepared);
}
