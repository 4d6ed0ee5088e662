import { type Environment, systemEnv } from '../system/environment.ts';

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
 * What PATH has to be for helpers that are started by their bare name (`stty`, `cat`): the caller's, and behind it the
 * system's own places, since that of cron, a unit or `env -i` may lack them.
 */
export function helpersPath({ PATH }: Environment): string {
  return [...absoluteEntries(PATH), systemEnv.PATH].join(':');
}
