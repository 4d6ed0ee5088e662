import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Environment, runtimeDirectory } from '../../system/environment.ts';
import { replaceFile } from '../../system/replace-file.ts';
import { largestEntry } from './entry.ts';

/** So many entries lie beside each other before all that are there go. */
const mostEntries = 64;

/**
 * The directory of what this user's calls remember, which lives as long as the machine runs or the user is logged in.
 */
export function knownDirectory(env: Environment, uid: number): string {
  return uid === 0 ? '/run/hermes-shim' : `${runtimeDirectory(env, uid)}/hermes-shim`;
}

/**
 * Reads a file of that directory. It counts only where nobody but this user can have written it: neither it nor its directory a link, a
 * regular file of theirs that nobody else may touch, in such a directory, in one of theirs or root's.
 * @returns `undefined` where there is none that counts
 */
export function readKnown(directory: string, name: string, uid: number): string | undefined {
  return within(directory, uid, (place) => {
    const file = openSync(
      `${place}/${name}`,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      const stats = fstatSync(file);
      if (!stats.isFile() || !isOwn(stats, uid, 0o600) || stats.nlink !== 1) return undefined;
      if (stats.size > largestEntry) return undefined;
      const bytes = Buffer.alloc(largestEntry + 1);
      const length = readSync(file, bytes);
      return length > largestEntry ? undefined : bytes.toString('utf8', 0, length);
    } finally {
      closeSync(file);
    }
  });
}

/** Puts a file into that directory, whole or not at all. Where that cannot be, nothing is remembered. */
export function writeKnown(directory: string, name: string, text: string, uid: number): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch {
    // it is there, or cannot be: seen when it is opened
  }
  within(directory, uid, (place) => {
    const names = readdirSync(place);
    if (names.length >= mostEntries) for (const old of names) rmSync(`${place}/${old}`, { force: true });
    try {
      replaceFile(`${place}/${name}`, text, 0o600);
    } catch {
      // nothing is remembered
    }
    return undefined;
  });
}

/** Takes a file away. */
export function removeKnown(directory: string, name: string, uid: number): void {
  within(directory, uid, (place) => void rmSync(`${place}/${name}`, { force: true }));
}

/** Does something in the directory by its descriptor, if it is as it must be; what fails counts as not there. */
function within<T>(directory: string, uid: number, act: (place: string) => T): T | undefined {
  let opened: number | undefined;
  try {
    const above = fstatAt(dirname(directory));
    if ((above.uid !== uid && above.uid !== 0) || (above.mode & 0o022) !== 0) return undefined;
    opened = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return isOwn(fstatSync(opened), uid, 0o700) ? act(`/proc/self/fd/${opened}`) : undefined;
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

function fstatAt(directory: string): Stats {
  const opened = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return fstatSync(opened);
  } finally {
    closeSync(opened);
  }
}

function isOwn(stats: Stats, uid: number, mode: number): boolean {
  return stats.uid === uid && (stats.mode & 0o7777) === mode;
}
