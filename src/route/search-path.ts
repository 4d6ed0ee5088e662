import type { Environment } from '../system/environment.ts';

/**
 * The entries of a PATH that count. A relative or empty one means whatever the current directory holds, and that may be
 * the container's to write: nothing is ever looked for there.
 */
export function absoluteEntries(path: string | undefined): readonly string[] {
  return (path ?? '').split(':').filter((entry) => entry.startsWith('/'));
}

/** A file in an entry of PATH, as exec would find it: `..` behind a link leads where the kernel goes. */
export function fileIn(entry: string, name: string): string {
  return entry.endsWith('/') ? `${entry}${name}` : `${entry}/${name}`;
}

/**
 * What PATH has to be for helpers that are started by their bare name (`stty`). What remains of nothing is no PATH at
 * all, where the system looks in its own places: an empty one is the current directory again.
 * @returns `undefined` for no PATH
 */
export function helpersPath({ PATH }: Environment): string | undefined {
  const entries = absoluteEntries(PATH);
  return entries.length > 0 ? entries.join(':') : undefined;
}
