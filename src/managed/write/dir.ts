import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { errorCode } from '../../system/error-code.ts';

/**
 * Reading and writing where somebody else may exchange any name for a link at any moment: the container can write the
 * state directory. Everything goes through the descriptor of a directory, one name at a time, and no link is followed.
 * Node has no openat(2); `/proc/self/fd/<n>/<name>` is the same, since the kernel jumps to the open directory itself.
 */
export type Dir = { readonly descriptor: number; readonly path: string };

/** Who shall own something, and its permissions. */
export type Ownership = { readonly uid: number; readonly gid: number; readonly mode: number };

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** A name that is no path. */
export function named(dir: Dir, name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new Error(`no name: ${name}`);
  return `/proc/self/fd/${dir.descriptor}/${name}`;
}

/** Opens a directory that the host alone decides (links on the way to it are the host's own), and hands it to `use`. */
export function withRoot<T>(path: string, use: (root: Dir) => T): T {
  const root = { descriptor: openSync(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK), path };
  try {
    return use(root);
  } finally {
    closeDir(root);
  }
}

/** Opens a directory in a directory; a link in its place is an error (ELOOP, ENOTDIR). */
function openDir(dir: Dir, name: string): Dir {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
  return { descriptor: openSync(named(dir, name), flags), path: `${dir.path}/${name}` };
}

function closeDir(dir: Dir): void {
  closeSync(dir.descriptor);
}

/** Opens a path of directories below one, and hands it to `use`; with `make`, what is missing is made. */
export function inDirectory<T>(
  root: Dir,
  path: readonly string[],
  use: (dir: Dir) => T,
  make?: Ownership,
): T {
  let dir = root;
  try {
    for (const name of path) {
      const next = make ? openOrMake(dir, name, make) : openDir(dir, name);
      if (dir !== root) closeDir(dir);
      dir = next;
    }
    return use(dir);
  } finally {
    if (dir !== root) closeDir(dir);
  }
}

/** Makes a directory unless it is there. One that is there keeps owner and mode. */
function openOrMake(dir: Dir, name: string, make: Ownership): Dir {
  try {
    return openDir(dir, name);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  mkdirSync(named(dir, name), 0o700);
  const made = openDir(dir, name);
  own(made.descriptor, make);
  return made;
}

/** Gives a directory its owner and mode. */
export function ownDir(dir: Dir, ownership: Ownership): void {
  own(dir.descriptor, ownership);
}

/** The owner first: chown may take the set-group-id bit away. */
export function own(descriptor: number, { uid, gid, mode }: Ownership): void {
  const stat = fstatSync(descriptor);
  if (stat.uid !== uid || stat.gid !== gid) fchownSync(descriptor, uid, gid);
  if ((stat.mode & 0o7777) !== mode || stat.uid !== uid) fchmodSync(descriptor, mode);
}

/** What a name is, links not followed; `undefined`: nothing is there. */
export function look(dir: Dir, name: string): Stats | undefined {
  return lstatSync(named(dir, name), { throwIfNoEntry: false });
}

/** What a directory is. */
export function lookAt(dir: Dir): Stats {
  return fstatSync(dir.descriptor);
}

/** Where a link leads; `undefined` where there is no link. */
export function readLink(dir: Dir, name: string): string | undefined {
  try {
    return readlinkSync(named(dir, name));
  } catch {
    return undefined;
  }
}

/** The names in a directory. */
export function list(dir: Dir): readonly string[] {
  return readdirSync(`/proc/self/fd/${dir.descriptor}`);
}

/** Is nothing in it? Of many names only one is read. */
export function isEmpty(dir: Dir): boolean {
  const open = opendirSync(`/proc/self/fd/${dir.descriptor}`);
  try {
    return open.readSync() === null;
  } finally {
    open.closeSync();
  }
}
