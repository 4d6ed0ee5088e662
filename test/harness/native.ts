/** A hermes of the host's own, for tests of where a call runs. */
import { join } from 'node:path';
import { fakeEngine } from './fakes.ts';

/** Makes `<dir>/<name>` that says which one it is, what it was told, and which launchers came before; returns dir. */
export function nativeHermes(dir: string, label: string, names: readonly string[] = ['hermes']): string {
  for (const name of names) fakeEngine(dir, name, `echo "native ${label} \${0##*/}: $*"`);
  return dir;
}

/** The same below a test's own directory. */
export const nativeIn = (root: string, label: string): string => nativeHermes(join(root, label), label);
