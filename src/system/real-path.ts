import { realpathSync } from 'node:fs';

/** Where a path really leads; `undefined` where this user cannot see it. */
export function findRealPath(path: string): string | undefined {
  try {
    return realpathSync.native(path); // the other one takes `..` out before it looks for links
  } catch {
    return undefined;
  }
}

/** Where a path really leads, or the path as it stands where this user cannot see it. */
export function realPath(path: string): string {
  return findRealPath(path) ?? path;
}
