import { errorCode } from '../../system/error-code.ts';
import { readFile } from '../write/beneath.ts';
import { type Dir, inDirectory, isEmpty, look, lookAt, readLink, withRoot } from '../write/dir.ts';
import { splitPath, withFileFailure } from './place.ts';

/** What is at a path, no link followed. */
export type Found =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'link'; readonly target: string }
  | {
      readonly kind: 'directory';
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
      /** nothing is in it; one that cannot be looked into is not */
      readonly empty: boolean;
    }
  | {
      readonly kind: 'file';
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
      readonly content: Buffer;
    }
  | { readonly kind: 'other' };

const nothing: Found = { kind: 'nothing' };

/**
 * Looks at paths, those below the state directory by descriptors. Changes nothing.
 * @throws {Failure} 125 in words
 */
export function survey(paths: readonly string[], stateDir: string): ReadonlyMap<string, Found> {
  return new Map(paths.map((path) => [path, withFileFailure(path, () => lookAtPath(path, stateDir))]));
}

function atDirectory<T>(path: string, stateDir: string, use: (dir: Dir) => T): T | undefined {
  const { root, names } = splitPath(path, stateDir);
  try {
    return withRoot(root, (dir) => inDirectory(dir, names, use));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function lookAtPath(path: string, stateDir: string): Found {
  if (path === stateDir) return atDirectory(path, stateDir, lookHere) ?? nothing;
  const parent = path.slice(0, path.lastIndexOf('/')) || '/';
  const name = path.slice(path.lastIndexOf('/') + 1);
  return atDirectory(parent, stateDir, (dir) => lookIn(dir, name)) ?? nothing;
}

function lookHere(dir: Dir): Found {
  const { uid, gid, mode } = lookAt(dir);
  return { kind: 'directory', uid, gid, mode: mode & 0o7777, empty: isEmpty(dir) };
}

function isEmptyIn(dir: Dir, name: string): boolean {
  try {
    return inDirectory(dir, [name], isEmpty);
  } catch {
    return false;
  }
}

/**
 * What has a name in a directory.
 * @param read reads a file; one whose content nobody gets, or asks for, is something `other`
 */
export function lookIn(dir: Dir, name: string, read: typeof readFile = readFile): Found {
  const stat = look(dir, name);
  if (stat === undefined) return nothing;
  const owned = { uid: stat.uid, gid: stat.gid, mode: stat.mode & 0o7777 };
  if (stat.isSymbolicLink()) return { kind: 'link', target: readLink(dir, name) ?? '' };
  if (stat.isDirectory()) return { kind: 'directory', ...owned, empty: isEmptyIn(dir, name) };
  if (!stat.isFile()) return { kind: 'other' };
  const content = read(dir, name);
  return content === undefined ? { kind: 'other' } : { kind: 'file', ...owned, content };
}
