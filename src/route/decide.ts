import type { HomeFact } from '../report/fact.ts';
import { trace } from '../report/trace.ts';
import { sleep } from '../system/sleep.ts';
import type { Caller } from './caller.ts';
import { isBeingReplaced, isHalfWritten } from './half-written.ts';
import {
  absolutePath,
  closeHome,
  findHome,
  type Home,
  type HomePath,
  openHome,
  openIfVisible,
  ownDirectory,
  toHomePath,
} from './home.ts';
import { isInside } from './inside.ts';
import { canonicalPath } from './links.ts';
import { type Metadata, parseMetadata } from './metadata.ts';
import type { HomeVolume, OwnPin } from './own-pin.ts';
import { type Pin, pinFile, readPin } from './pin.ts';
import { itself, type Pinned, pinnedBy, placesOf } from './pinned.ts';
import { type MetadataFile, readMetadataFile } from './read.ts';
import { refuseSudoPin, rightfulOwnPin } from './sudo-pin.ts';

/** Where a call runs. */
export type Route = NativeRoute | ContainerRoute;

/** On this host; `why` is for the trace and for `explain`. */
type NativeRoute = { readonly kind: 'native'; readonly why: string };

/** In the managed container. */
export type ContainerRoute = {
  readonly kind: 'container';
  readonly metadata: Metadata;
  /** the file that said so: metadata or pin */
  readonly file: string;
  /** the home's real path: what the container must declare */
  readonly homePath: string;
  /** the same, where the home is a declared profile: the container declares the root */
  readonly homeRoot: string;
  /** the profile that the caller's `HERMES_HOME` names, to be mapped into the container */
  readonly profile: string | undefined;
  /** the home lies on this volume: then its path is the container's */
  readonly volume?: HomeVolume;
  /** the home directory's owner; `undefined` when a pin speaks for a home that this user cannot see */
  readonly ownerUid: number | undefined;
};

/** For how long a directory that just changed is looked at again, in milliseconds. */
const lookAgainMs = 100;

/** Looks at least, whatever the time. */
const fewestLooks = 40;

/** From one look to the next, in milliseconds: so often that a file that comes and goes is not missed by chance. */
const lookEveryMs = 2;

/**
 * Decides where a call runs; the first rule that applies decides. Reads files; under sudo it
 * also asks getent for SUDO_USER, and starts nothing else.
 * @param budgetMs the wait budget in milliseconds, for metadata that is being written; asked only then
 * @param pinOf exchanged in tests
 * @throws {Failure} 125 when metadata or pin cannot be read or used: never a silent fallback to the host
 */
export async function decideRoute(
  caller: Pick<Caller, 'env' | 'uid'>,
  budgetMs: () => number = () => 0,
  pinOf: () => Pin | undefined = readPin,
): Promise<Route> {
  const { env } = caller;
  trace(() => ({ about: 'bypass', dev: env.HERMES_DEV }));
  if (env.HERMES_DEV === '1') return native('HERMES_DEV=1');
  const inside = isInside(env);
  trace(() => ({ about: 'inside', inside }));
  if (inside) return native('inside the managed container already');
  const pin = pinOf();
  trace(() => ({ about: 'pin', file: pin?.file ?? pinFile, home: pin?.home }));
  // what this user has said themselves counts as if they named the home, and HERMES_HOME names it now
  const own = env.HERMES_HOME ? undefined : rightfulOwnPin(caller);
  if (own) return byOwnPin(own, caller.uid);
  const named = pin && namedHome(env);
  const pinned = pin && named && pinnedBy(pin, absolutePath(named));
  if (pin && pinned) return byPin(pin, pinned, env.HERMES_HOME ? 'HERMES_HOME' : named);
  const found = findHome(env, caller.uid);
  try {
    if (found?.theirs !== false) refuseSudoPin(caller);
    // without any home, the pin's is meant; under sudo it may be that of whoever called sudo
    const theirs = pin && (found ? pinnedBy(pin, found.at.path) : itself);
    if (pin && theirs) return byPin(pin, theirs, found?.at.path ?? 'the pin');
    if (found === undefined) return native('there is no hermes home and no pin');
    const { at, home } = found;
    trace(() => homeFact(home?.path, at, env.HERMES_HOME ? 'HERMES_HOME' : at.path));
    const route = await byMetadata(at, home, budgetMs);
    if (route === undefined) refuseSudoPin(caller);
    return route ?? native(`no container metadata in ${at.path}`);
  } finally {
    if (found?.home) closeHome(found.home);
  }
}

/** The home that a call names, be it there or not: `HERMES_HOME`, else `~/.hermes`. */
function namedHome(env: Caller['env']): string | undefined {
  const own = env.HERMES_HOME ? undefined : ownDirectory();
  return env.HERMES_HOME || (own?.startsWith('/') ? `${own}/.hermes` : undefined);
}

/** The home and how it was come by, for whoever asks why. */
function homeFact(real: string | undefined, { path, root, profile }: HomePath, from: string): HomeFact {
  return { about: 'home', path: real ?? path, visible: real !== undefined, from, root, profile };
}

function native(why: string): NativeRoute {
  return { kind: 'native', why };
}

/** The pin's route. Nothing has to be there, or to be read: the container has no say. */
function byPin(pin: Pin, { profile }: Pinned, from: string): ContainerRoute {
  const { file, metadata } = pin;
  const home = openIfVisible(pin.home);
  const homePath = home?.path ?? [...placesOf(pin.home)].at(-1) ?? pin.home;
  if (home) closeHome(home);
  trace(() => homeFact(home?.path, { path: homePath, root: homePath, profile }, from));
  trace(() => ({ about: 'metadata', file, pinned: true }));
  return {
    kind: 'container',
    metadata,
    file,
    homePath,
    homeRoot: homePath,
    profile,
    ownerUid: home?.ownerUid,
  };
}

/** The route of a user's own pin: nothing of the home can be seen from here, and the container has no say. */
function byOwnPin({ metadata, volume, file }: OwnPin, uid: number): ContainerRoute {
  const { home, name } = volume;
  trace(() => ({ about: 'home', volume: name, path: home, from: file }));
  trace(() => ({ about: 'metadata', file, pinned: true }));
  // of two podmans with such a container the user's own is asked first
  return {
    ...{ kind: 'container', metadata, file, volume, profile: undefined, ownerUid: uid },
    ...{ homePath: home, homeRoot: home },
  };
}

async function byMetadata(
  at: HomePath,
  home: Home | undefined,
  budgetMs: () => number,
): Promise<ContainerRoute | undefined> {
  const own = home && (await readOrLookAgain(home, budgetMs));
  if (home && own) {
    const real = toHomePath(home.path);
    return routeTo(own, home, { homeRoot: real.root, profile: real.profile });
  }
  // a profile without metadata of its own counts as its root, also where a link leads to it
  const named = at.profile === undefined ? toHomePath(home?.path ?? canonicalPath(at.path)) : at;
  const root = named.profile === undefined ? undefined : openHome(named.root);
  if (root === undefined) return undefined;
  try {
    const text = await readOrLookAgain(root, budgetMs);
    return text && routeTo(text, root, { homeRoot: root.path, profile: named.profile });
  } finally {
    closeHome(root);
  }
}

function routeTo(
  { file, text }: MetadataFile,
  home: Home,
  where: Pick<ContainerRoute, 'homeRoot' | 'profile'>,
): ContainerRoute {
  trace(() => ({ about: 'metadata', file, pinned: false }));
  const metadata = parseMetadata(text, file);
  return { kind: 'container', metadata, file, homePath: home.path, ownerUid: home.ownerUid, ...where };
}

/**
 * A file that is absent only since it is being replaced is looked for again for 100 ms, and 40 times at least: on a busy
 * machine all of that time may pass between two looks.
 * A file that is being written is read again until it is whole, no longer fresh, or the wait budget is used up.
 */
async function readOrLookAgain(home: Home, budgetMs: () => number): Promise<MetadataFile | undefined> {
  const begun = process.uptime() * 1000;
  for (let looks = 1; ; looks += 1) {
    const found = readMetadataFile(home);
    const now = Date.now();
    const changing = found ? isHalfWritten(found, now) : isBeingReplaced(home, now);
    if (!changing) return found;
    const waitedMs = process.uptime() * 1000 - begun;
    if (found ? waitedMs >= budgetMs() : waitedMs >= lookAgainMs && looks >= fewestLooks) return found;
    await sleep(lookEveryMs);
  }
}
