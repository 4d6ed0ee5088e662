import { statSync } from 'node:fs';
import { trace } from '../../report/trace.ts';
import type { Caller } from '../../route/caller.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import { realPath } from '../../system/real-path.ts';
import type { EngineAccess } from '../access.ts';
import type { Container } from '../container.ts';
import { type Endpoint, isLocal } from '../endpoint.ts';
import { numericUser } from '../readiness.ts';
import { judgeSameHome, judgeSameVolume } from '../same-home.ts';
import { apiSocket } from '../transport/socket.ts';
import { type Entry, fileOf, formatEntry, keyOf, parseEntry } from './entry.ts';
import { knownDirectory, readKnown, removeKnown, writeKnown } from './file.ts';

/** Where a verdict is kept. */
export type EntryPlace = {
  readonly directory: string;
  readonly key: string;
  readonly uid: number;
  readonly execUser: string;
};

/** How a call uses what is remembered. `renew`: a new verdict is remembered, an old one does not count. */
export type Use = 'always' | 'renew';

type Call = { readonly route: ContainerRoute; readonly caller: Pick<Caller, 'env' | 'uid'> };

/**
 * Where the verdict about a container is kept that is reached by its engine's client. By the API an inspect costs little,
 * and an engine of another machine is foreign: there nothing is kept.
 */
export function entryPlaceOf(
  { route, caller }: Call,
  via: EngineAccess,
  endpoint: Endpoint,
): EntryPlace | undefined {
  const { env, uid } = caller;
  const { containerName, execUser } = route.metadata;
  const local = endpoint.kind === 'default' || (endpoint.kind === 'address' && isLocal(endpoint.address));
  if (!local || apiSocket(via, endpoint, env) !== undefined) return undefined;
  const directory = knownDirectory(env, uid);
  const home = route.volume ?? { path: route.homeRoot, inode: inodeOf(route.homeRoot) };
  return { directory, uid, execUser, key: keyOf({ via, endpoint, containerName, home }) };
}

/** A directory's device and inode; empty where this user cannot see it. */
function inodeOf(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}

/** What is remembered of a container, if it still is the one of this home by the same-home rule. */
export function recall(
  place: EntryPlace,
  { homeRoot, volume }: ContainerRoute,
): { container: Container; containerHome: string; user: string } | undefined {
  const text = readKnown(place.directory, fileOf(place.key), place.uid);
  const entry = text === undefined ? undefined : parseEntry(text, place.key);
  if (entry === undefined || entry.execUser !== place.execUser) return undefined;
  const { container, user } = entry;
  if (user !== place.execUser && user !== numericUser(container)) return undefined;
  const same = volume ? judgeSameVolume(container, volume) : judgeSameHome(container, homeRoot, realPath);
  trace(
    () => `known: ${container.name} is ${container.id.slice(0, 12)}${same.same ? '' : `, but ${same.why}`}`,
  );
  return same.same ? { container, containerHome: same.containerHome, user } : undefined;
}

/** Remembers a verdict: same home, and ready. */
export function remember(place: EntryPlace, verdict: Pick<Entry, 'container' | 'user'>): void {
  const text = formatEntry(place.key, { ...verdict, execUser: place.execUser });
  if (text !== undefined) writeKnown(place.directory, fileOf(place.key), text, place.uid);
}

/** Forgets it. */
export function forget(place: EntryPlace): void {
  trace(() => 'known: forgotten');
  removeKnown(place.directory, fileOf(place.key), place.uid);
}
