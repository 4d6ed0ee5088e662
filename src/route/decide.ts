import { fstatSync, readlinkSync } from 'node:fs';
import { sleep } from '../report/sleep.ts';
import { trace } from '../report/trace.ts';
import type { Caller } from './caller.ts';
import { isFresh, isHalfWritten } from './half-written.ts';
import { closeHome, findHome, type Home, type HomePath, openHome, ownDirectory, toHomePath } from './home.ts';
import { isInside } from './inside.ts';
import { type Metadata, parseMetadata } from './metadata.ts';
import { type Pin, pinFile, readPin } from './pin.ts';
import { type MetadataFile, readMetadataFile } from './read.ts';

/** Where a call runs. */
export type Route = NativeRoute | ContainerRoute;

/** On this host; `why` is for the trace and for `explain`. */
export type NativeRoute = { readonly kind: 'native'; readonly why: string };

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
 * Decides where a call runs; the first rule that applies decides. Reads files, starts nothing.
 * @param patienceMs the wait budget in milliseconds, for metadata that is being written; asked only then
 * @param pinOf exchanged in tests
 * @throws {Failure} 125 when metadata or pin cannot be read or used: never a silent fallback to the host
 */
export async function decideRoute(
  caller: Caller,
  patienceMs: () => number = () => 0,
  pinOf: () => Pin | undefined = readPin,
): Promise<Route> {
  const { env } = caller;
  trace(() => `HERMES_DEV is ${env.HERMES_DEV === undefined ? 'not set' : `'${env.HERMES_DEV}'`}`, 'bypass');
  if (env.HERMES_DEV === '1') return native('HERMES_DEV=1');
  const inside = isInside(env);
  trace(() => (inside ? 'in the managed container already' : 'not in the managed container'), 'inside');
  if (inside) return native('inside the managed container already');
  const pin = pinOf();
  trace(() => (pin ? `${pin.file} speaks for ${pin.home}` : `none (${pinFile})`), 'pin');
  const found = findVisibleHome(caller, pin);
  const at = found?.at ?? (pin && toHomePath(pin.home));
  if (at === undefined) return native('there is no hermes home and no pin');
  const home = found ? found.home : openIfVisible(at.path);
  trace(() => describeHome(at, home, found !== undefined, caller), 'home');
  try {
    const route = (pin && byPin(pin, at, home)) ?? (await byMetadata(at, home, patienceMs));
    return route ?? native(`no container metadata in ${at.path}`);
  } finally {
    if (home) closeHome(home);
  }
}

/** The home and how it was come by, for whoever asks why. */
function describeHome(at: HomePath, home: Home | undefined, visible: boolean, caller: Caller): string {
  const from = !visible ? 'the pin' : caller.env.HERMES_HOME ? 'HERMES_HOME' : at.path;
  const real = home?.path ?? at.path;
  const profile = at.profile === undefined ? '' : `, profile ${at.profile} of ${at.root}`;
  return `${real}${from === real ? '' : ` (by ${from})`}${profile}${home ? '' : ' (not there)'}`;
}

function native(why: string): NativeRoute {
  return { kind: 'native', why };
}

/** A home that this user cannot enter is an error, unless the pin speaks for it: then nothing needs to be read there. */
function findVisibleHome(
  caller: Caller,
  pin: Pin | undefined,
): { at: HomePath; home: Home | undefined } | undefined {
  if (pin === undefined) return findHome(caller.env, caller.uid);
  const own = ownDirectory();
  const named = caller.env.HERMES_HOME || (own?.startsWith('/') ? `${own}/.hermes` : '');
  const at = named ? toHomePath(named) : undefined;
  if (at && [at.path, at.root, linkTarget(at.path)].includes(pin.home))
    return { at, home: openIfVisible(at.path) };
  return findHome(caller.env, caller.uid);
}

function openIfVisible(path: string): Home | undefined {
  try {
    return openHome(path);
  } catch {
    return undefined;
  }
}

/**
 * The pin's route, where the home is the pin's. The container can swap its home for a link at any moment, so paths that
 * name the pin's home count as it, whatever they lead to just now; real paths are compared beside.
 */
function byPin(pin: Pin, at: HomePath, home: Home | undefined): ContainerRoute | undefined {
  const pinned = realPath(pin.home);
  const isPinned = (path: string): boolean =>
    path === pin.home || linkTarget(path) === pin.home || realPath(path) === pinned;
  const own = home?.path ?? at.path;
  const itself = isPinned(at.path) || own === pinned;
  const asProfile = [at, toHomePath(own)].find(
    ({ profile, root }) => profile !== undefined && isPinned(root),
  );
  if (!itself && asProfile === undefined) return undefined;
  trace(() => `the pin decides: ${pin.file}`, 'metadata');
  return {
    kind: 'container',
    metadata: pin.metadata,
    file: pin.file,
    homePath: pinned,
    homeRoot: pinned,
    profile: itself ? undefined : asProfile?.profile,
    ownerUid: home?.ownerUid,
  };
}

/** What a link says, taken literally. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** A home's real path, or the path as it stands where this user cannot enter. */
function realPath(path: string): string {
  const home = openIfVisible(path);
  if (home === undefined) return path;
  closeHome(home);
  return home.path;
}

async function byMetadata(
  at: HomePath,
  home: Home | undefined,
  patienceMs: () => number,
): Promise<ContainerRoute | undefined> {
  const own = home && (await readOrLookAgain(home, patienceMs));
  if (home && own) {
    const real = toHomePath(home.path);
    return routeTo(own, home, { homeRoot: real.root, profile: real.profile });
  }
  if (at.profile === undefined) return undefined;
  // a profile without metadata of its own counts as its root
  const root = openHome(at.root);
  if (root === undefined) return undefined;
  try {
    const text = await readOrLookAgain(root, patienceMs);
    return text && routeTo(text, root, { homeRoot: root.path, profile: at.profile });
  } finally {
    closeHome(root);
  }
}

function routeTo(
  { file, text }: MetadataFile,
  home: Home,
  where: Pick<ContainerRoute, 'homeRoot' | 'profile'>,
): ContainerRoute {
  trace(() => file, 'metadata');
  const metadata = parseMetadata(text, file);
  return { kind: 'container', metadata, file, homePath: home.path, ownerUid: home.ownerUid, ...where };
}

/**
 * The NixOS module replaces the file by unlinking it first: where the directory just changed, look again for 100 ms,
 * and 40 times at least, since on a busy machine all of the 100 ms may pass between two looks.
 * A file that is being written is read again until it is whole, no longer fresh, or the wait budget is used up.
 */
async function readOrLookAgain(home: Home, patienceMs: () => number): Promise<MetadataFile | undefined> {
  const begun = process.uptime() * 1000;
  for (let looks = 1; ; looks += 1) {
    const found = readMetadataFile(home);
    const now = Date.now();
    // asked anew: the unlinking may have come after the home was opened
    const changing = found ? isHalfWritten(found, now) : isFresh(fstatSync(home.descriptor).mtimeMs, now);
    if (!changing) return found;
    const waitedMs = process.uptime() * 1000 - begun;
    if (found ? waitedMs >= patienceMs() : waitedMs >= lookAgainMs && looks >= fewestLooks) return found;
    await sleep(lookEveryMs);
  }
}
