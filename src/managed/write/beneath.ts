import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
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

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_WRONLY, O_CREAT, O_EXCL } = constants;

/** What a half-written file is called; a run that was killed leaves one, the next one removes it. */
const draftEnding = '.hermes-shim-draft';

/** A name that is no path. */
function named(dir: Dir, name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new Error(`no name: ${name}`);
  return `/proc/self/fd/${dir.descriptor}/${name}`;
}

/** Opens a directory that the host alone decides: links on the way to it are the host's own. */
export function openRoot(path: string): Dir {
  return { descriptor: openSync(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK), path };
}

/** Opens a directory in a directory; a link in its place is an error (ELOOP, ENOTDIR). */
function openDir(dir: Dir, name: string): Dir {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
  return { descriptor: openSync(named(dir, name), flags), path: `${dir.path}/${name}` };
}

/** Lets go of a directory. */
export function closeDir(dir: Dir): void {
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
function own(descriptor: number, { uid, gid, mode }: Ownership): void {
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

/**
 * Reads a regular file.
 * @param limit its largest size in bytes
 * @returns `undefined` where there is none, or something that is no regular file (it will be replaced, never followed)
 * @throws a system error; `EFBIG` where it is larger
 */
export function readFile(dir: Dir, name: string, limit = 64 * 1024 * 1024): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(named(dir, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'].includes(errorCode(error))) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    if (stat.size > limit)
      throw Object.assign(new Error(`${dir.path}/${name} is too large`), { code: 'EFBIG' });
    const buffer = Buffer.alloc(stat.size + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count)
      count = readSync(descriptor, buffer, length, buffer.length - length, null);
    return buffer.subarray(0, Math.min(length, stat.size));
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file whole or not at all: a draft beside it, then one rename. Whatever had the name is replaced, a link too. */
export function writeFile(dir: Dir, name: string, content: Buffer | string, ownership: Ownership): void {
  const draft = `.${name}${draftEnding}`;
  remove(dir, draft);
  try {
    const descriptor = openSync(named(dir, draft), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      own(descriptor, ownership);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(named(dir, draft), named(dir, name));
  } catch (error) {
    remove(dir, draft);
    throw error;
  }
}

/** Makes a link, in place of whatever has the name. */
export function writeLink(dir: Dir, name: string, target: string, owner: { uid: number; gid: number }): void {
  const draft = `.${name}${draftEnding}`;
  remove(dir, draft);
  symlinkSync(target, named(dir, draft));
  const stat = look(dir, draft);
  if (stat && (stat.uid !== owner.uid || stat.gid !== owner.gid))
    lchownSync(named(dir, draft), owner.uid, owner.gid);
  renameSync(named(dir, draft), named(dir, name));
}

/** Removes a file or link; one that is not there is no error. */
export function remove(dir: Dir, name: string): void {
  try {
    unlinkSync(named(dir, name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Renames within a directory. */
export function rename(dir: Dir, from: string, to: string): void {
  renameSync(named(dir, from), named(dir, to));
}

/** Removes what a run that was killed left half written. */
export function sweep(dir: Dir): void {
  for (const name of list(dir)) if (name.startsWith('.') && name.endsWith(draftEnding)) remove(dir, name);
}
