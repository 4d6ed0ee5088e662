/** What the shim remembers of containers, where each caller's calls keep it. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Caller } from './call.ts';
import { engines } from './modes.ts';

const directories = (): string[] => [
  ...(engines.asRoot ? ['/run/hermes-shim'] : []),
  ...[engines.callerUser, engines.sudoUser].map(({ runtimeDir }) => join(runtimeDir, 'hermes-shim')),
];

/** Where the calls of this caller remember. */
export const knownDirectory = ({ uid, env }: Pick<Caller, 'uid' | 'env'>): string =>
  uid === 0 ? '/run/hermes-shim' : join(env.XDG_RUNTIME_DIR ?? '', 'hermes-shim');

function filesOf(directory: string, words: string): string[] {
  try {
    const files = readdirSync(directory).map((name) => join(directory, name));
    return files.filter((file) => readFileSync(file, 'utf8').includes(words));
  } catch {
    return [];
  }
}

/** The files in which something is remembered of a container. */
export const knownFiles = (container: { caller: Caller; root: string }): string[] =>
  filesOf(knownDirectory(container.caller), container.root);

/**
 * Takes away what is remembered of a container that is gone; other tests' containers stay. So do the directories, into
 * which somebody else's call may be about to write; the run's end removes them.
 */
export function forgetKnown(root: string): void {
  for (const directory of directories())
    for (const file of filesOf(directory, root)) rmSync(file, { force: true });
}
