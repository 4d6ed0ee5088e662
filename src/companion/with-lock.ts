import { type Asked, type Context, findContext, recordDirectory } from '../managed/apply/context.ts';
import { withFileFailure } from '../managed/apply/place.ts';
import { takeLock } from '../managed/write/lock.ts';
import { makeOwnPlace } from '../managed/write/own-place.ts';
import type { Caller } from '../route/caller.ts';
import { uninterrupted } from './uninterrupted.ts';

/**
 * Does something while no other hermes-shim works on this state directory, by what the file says when it is our turn:
 * whoever was waited for may have changed what is remembered, and somebody the file meanwhile.
 * @throws {Failure} 125 where it cannot be our turn
 */
export async function withLock<T>(
  caller: Caller,
  options: { readonly file: string | undefined } & Asked,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const held = new Set<string>();
  let place = recordDirectory(caller, options.file);
  for (;;) {
    withFileFailure(place, () => makeOwnPlace(place));
    await takeLock(place, () =>
      process.stderr.write('hermes-shim: another hermes-shim is at work on this container; waiting for it\n'),
    );
    held.add(place);
    const context = await findContext(caller, options.file, options);
    // another state directory than before the wait has a lock of its own
    if (held.has(context.place)) return uninterrupted(() => work(context));
    place = context.place;
  }
}
