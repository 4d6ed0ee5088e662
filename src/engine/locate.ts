import { statSync } from 'node:fs';
import type { Engine } from '../route/metadata.ts';
import { isExecutable } from '../route/native.ts';
import { absoluteEntries, fileIn } from '../route/search-path.ts';
import type { Environment } from '../system/environment.ts';

/** Where engines are when PATH is short (cron, systemd units): NixOS first, then everybody else. */
const usualPlaces = ['/run/current-system/sw/bin', '/usr/bin', '/usr/local/bin'];

/** NixOS's setuid sudo; the one in the store is not setuid and refuses to work. */
const nixosWrappers = '/run/wrappers/bin';

function find(command: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => fileIn(directory, command)).find(isExecutable);
}

/** The engine's absolute path, as it stands on PATH (a sudo rule names it so), or `undefined`. */
export function locateEngine(engine: Engine, env: Environment): string | undefined {
  return find(engine, [...absoluteEntries(env.PATH), ...usualPlaces]);
}

/** A file of the engine's name that cannot be executed: what to say when there is no other. */
export function findNonExecutable(engine: Engine, env: Environment): string | undefined {
  const files = [...absoluteEntries(env.PATH), ...usualPlaces].map((directory) => fileIn(directory, engine));
  return files.find(isFile);
}

/** PATH may lead through directories that this user cannot enter: nothing is there for them. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** How root's rights are borrowed without a password. */
export type Elevation = { readonly tool: 'sudo' | 'doas'; readonly binary: string };

/** sudo, NixOS's wrapper first; doas where there is no sudo; `undefined` where there is neither. */
export function locateElevation(env: Environment): Elevation | undefined {
  const directories = [nixosWrappers, ...absoluteEntries(env.PATH), ...usualPlaces];
  for (const tool of ['sudo', 'doas'] as const) {
    const binary = find(tool, directories);
    if (binary !== undefined) return { tool, binary };
  }
  return undefined;
}
