import type { Engine } from '../route/metadata.ts';
import type { Elevation } from './locate.ts';

/** How the engine is reached. */
export type Access = { readonly kind: 'direct' } | ({ readonly kind: 'sudo' } & Elevation);

/** An engine's binary and how it is reached: what a probe that worked hands to the exec. */
export type EngineAccess = { readonly engine: Engine; readonly binary: string; readonly access: Access };

/**
 * The order in which accesses are tried. Direct first, then sudo, for whoever is not root; podman with a state
 * directory that is not the caller's own goes the other way round, since root's containers do not show to an
 * ordinary user at all (it saves 44 ms a call on NixOS).
 */
export function accessOrder(facts: {
  engine: Engine;
  uid: number;
  ownerUid: number | undefined;
}): ReadonlyArray<Access['kind']> {
  if (facts.uid === 0) return ['direct'];
  return facts.engine === 'podman' && facts.ownerUid !== facts.uid ? ['sudo', 'direct'] : ['direct', 'sudo'];
}

/**
 * The command line for an engine's subcommand.
 * @param fresh with a probe: ignore a cached sudo ticket (`-k`), which a detached exec would not have; `-n` always,
 * since a password prompt would hang a script
 */
export function engineCommand(
  { binary, access }: EngineAccess,
  args: readonly string[],
  fresh = false,
): readonly string[] {
  if (access.kind === 'direct') return [binary, ...args];
  const keys = access.tool === 'sudo' && fresh ? ['-n', '-k'] : ['-n'];
  return [access.binary, ...keys, binary, ...args];
}

/** The command a person types for this engine: with sudo where we needed it. */
export function commandPrefix({ engine, access }: EngineAccess): string {
  return access.kind === 'sudo' ? `${access.tool} ${engine}` : engine;
}

/** A few lines of sh to run in a container, and by whom. */
export type ContainerScript = {
  readonly containerId: string;
  readonly user: string;
  readonly script: string;
  /** `$0`, by which the process is known in a listing */
  readonly name: string;
  readonly args: readonly string[];
};

/** The command line that runs a script in a container, in a directory that is always there. */
export function scriptCommand(
  via: EngineAccess,
  { containerId, user, script, name, args }: ContainerScript,
  options: readonly string[] = [],
): readonly string[] {
  const words = ['/bin/sh', '-c', script, name, ...args];
  return engineCommand(via, ['exec', ...options, '-u', user, '-w', '/', containerId, ...words]);
}
