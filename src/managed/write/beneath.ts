import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lchownSync,
  openSync,
  readSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errorCode } from '../../system/error-code.ts';
import { type Dir, list, look, named, type Ownership, own } from './dir.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_WRONLY, O_CREAT, O_EXCL } = constants;

/** What a half-written file is called; a run that was killed leaves one, the next one removes it. */
const draftEnding = '.hermes-shim-draft';

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
  clear(dir, draft);
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
  clear(dir, draft);
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

/** Makes a draft's name free. Only somebody who wants to be in the way makes a directory so called: it gets another name. */
function clear(dir: Dir, draft: string): void {
  try {
    remove(dir, draft);
  } catch (error) {
    if (errorCode(error) !== 'EISDIR') throw error;
    rename(dir, draft, `${draft}.${process.pid}-${Date.now()}`);
  }
}

/** Removes what a run that was killed left half written. */
export function sweep(dir: Dir): void {
  for (const name of list(dir)) if (name.startsWith('.') && name.endsWith(draftEnding)) clear(dir, name);
}
