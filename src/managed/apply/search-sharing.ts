import type { Engine } from '../../route/metadata.ts';
import { chooseEngine } from '../engine/choose.ts';
import { findSharing, type Sharer } from '../engine/sharing.ts';
import type { Context } from './context.ts';

/**
 * Looks for other containers that run on this home: with the engine of now, and with the one that made the container
 * before, since a file that names another leaves that running.
 * @param before the engine that is remembered
 */
export async function searchSharing(
  { via, wanted, caller }: Context,
  before?: Engine,
): Promise<readonly Sharer[]> {
  const found = [findSharing(via, wanted, caller.env)];
  if (before !== undefined && before !== via.engine) {
    // one that is there no longer runs nothing
    const other = chooseEngine(before, undefined, caller.env).catch(() => undefined);
    found.push(
      other.then((there) =>
        there ? findSharing(there, { ...wanted, containerName: undefined }, caller.env) : [],
      ),
    );
  }
  return (await Promise.all(found)).flat();
}
