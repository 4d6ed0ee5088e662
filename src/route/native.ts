import { accessSync, constants, statSync } from 'node:fs';
import { delimiter } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Environment } from '../system/environment.ts';
import { findRealPath } from '../system/real-path.ts';
import type { Caller } from './caller.ts';
import type { Name } from './name.ts';
import { absoluteEntries, fileIn } from './search-path.ts';

/**
 * The environment variable that lists the launchers a call has passed, as PATH lists directories. `findNative` adds ours when
 * it hands a call on, so that two installed copies cannot call each other for ever.
 */
const chainVariable = 'HERMES_SHIM_CHAIN';

/** So many turns through launchers are no accident any more: scripts that call each other in a circle. */
const longestChain = 32;

/** Where a native hermes may be, in the order in which it is looked for. */
export function nativeCandidates(name: Name, env: Environment): readonly string[] {
  const venv = env.HERMES_DEV === '1' ? env.VIRTUAL_ENV : undefined;
  const named = [venv && fileIn(venv, 'bin'), env.HERMES_NATIVE_DIR];
  const directories = [...named.flatMap(absoluteEntry), ...absoluteEntries(env.PATH)];
  return [...new Set(directories.map((directory) => fileIn(directory, name)))];
}

function absoluteEntry(directory: string | undefined): readonly string[] {
  return directory?.startsWith('/') ? [directory] : [];
}

/** The launchers passed so far, this one included. */
export function launcherChain(caller: Pick<Caller, 'env' | 'launcher'>): readonly string[] {
  const before = (caller.env[chainVariable] ?? '').split(delimiter).filter(Boolean);
  const self = caller.launcher && findRealPath(caller.launcher);
  return self ? [...before, self] : before;
}

/** A native hermes, and the environment it is called with. */
export type Native = { readonly binary: string; readonly args: readonly string[]; readonly env: Environment };

/**
 * Finds the native hermes: the first candidate that can be executed and is no launcher of this shim.
 * @throws {Failure} 127 with what was looked at; 125 when launchers call each other in a circle
 */
export function findNative(caller: Pick<Caller, 'name' | 'args' | 'env' | 'launcher'>): Native {
  const chain = launcherChain(caller);
  if (chain.length > longestChain) {
    throw new Failure(
      exitCodes.cannotRoute,
      `${caller.name} calls itself in a circle (${longestChain} times by now)`,
      [
        { label: 'look', text: `type -a ${caller.name}   # one of these runs another` },
        {
          label: 'or say where the real one is',
          text: `HERMES_NATIVE_DIR=<directory that holds ${caller.name}>`,
        },
      ],
    );
  }
  const candidates = nativeCandidates(caller.name, caller.env);
  const shims = new Set(chain);
  const binary = candidates.find((path) => isExecutable(path) && !shims.has(findRealPath(path) ?? path));
  if (binary === undefined) throw notFound(caller.name, candidates);
  return { binary, args: caller.args, env: { ...caller.env, [chainVariable]: chain.join(delimiter) } };
}

function notFound(name: Name, candidates: readonly string[]): Failure {
  const looked = candidates.map((path) => escapeControls(path)).join(', ') || 'nowhere: PATH is empty';
  return new Failure(exitCodes.notFound, `there is no other ${name} on this host (looked at: ${looked})`, [
    { label: 'install it', text: 'nix profile install github:NousResearch/hermes-agent' },
    { label: 'or say where it is', text: `HERMES_NATIVE_DIR=<directory that holds ${name}>` },
  ]);
}

/** Is this a file that we may execute? */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
