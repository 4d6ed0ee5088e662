import type { AccessFact } from '../report/fact.ts';
import type { Engine } from '../route/metadata.ts';
import type { Elevation } from './locate.ts';

/** How the engine is reached. `socket`: root's or the caller's own podman by the service's socket, which no setting names. */
export type Access =
  | { readonly kind: 'direct' }
  | { readonly kind: 'socket'; readonly socket: string }
  | ({ readonly kind: 'sudo' } & Elevation);

/** Where an engine's API answered, and how it is spoken to there. */
export type Api = {
  readonly socket: string;
  /** of the API, as `1.44`: one that both sides know */
  readonly version: string;
  /** it is podman that answers, also where docker was asked for */
  readonly libpod: boolean;
};

/**
 * An engine's binary and how it is reached: what a probe that worked hands to the exec. With `api` the engine is spoken to
 * by its API; the binary is for what people type, and for what only a client does.
 */
export type EngineAccess = {
  readonly engine: Engine;
  readonly binary: string;
  readonly access: Access;
  readonly api?: Api | undefined;
};

/**
 * The order in which accesses are tried. Direct first, then sudo, for whoever is not root; podman with a state
 * directory that is not the caller's own goes the other way round, since root's containers do not show to an
 * ordinary user at all (it saves 44 ms a call on NixOS). Before all of them podman's service on its socket, if it runs:
 * it needs no sudo and takes half of the time.
 */
export function accessOrder(facts: {
  engine: Engine;
  uid: number;
  ownerUid: number | undefined;
  /** a setting names the podman to ask: it comes first, and no other socket is looked for */
  named?: boolean;
}): ReadonlyArray<Access['kind']> {
  const served = facts.engine === 'podman' && !facts.named ? (['socket'] as const) : [];
  if (facts.uid === 0) return [...served, 'direct'];
  return facts.engine === 'podman' && facts.ownerUid !== facts.uid && !facts.named
    ? [...served, 'sudo', 'direct']
    : [...served, 'direct', 'sudo'];
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
  if (access.kind === 'socket') return [binary, '--url', `unix://${access.socket}`, ...args];
  const keys = access.tool === 'sudo' && fresh ? ['-n', '-k'] : ['-n'];
  return [access.binary, ...keys, binary, ...args];
}

/** The command a person types for this engine: with sudo, or the socket, where we needed it. */
export function commandPrefix({ engine, access }: EngineAccess): string {
  switch (access.kind) {
    case 'direct':
      return engine;
    case 'socket':
      return `${engine} --url unix://${access.socket}`;
    case 'sudo':
      return `${access.tool} ${engine}`;
  }
}

/** How it is reached, for a trace. */
export function accessFact(access: Access): AccessFact {
  if (access.kind === 'socket') return { about: 'access', socket: access.socket };
  return { about: 'access', elevation: access.kind === 'sudo' ? access.binary : undefined };
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
