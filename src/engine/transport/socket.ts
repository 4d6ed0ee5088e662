import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { type Environment, runtimeDirectory } from '../../system/environment.ts';
import type { EngineAccess } from '../access.ts';
import type { Endpoint } from '../endpoint.ts';

/** Where docker listens when nothing else is said. */
export const dockerSocket = '/var/run/docker.sock';

/** Where root's podman listens (podman-system-service(1)); NixOS gives it to group `podman`. */
const podmanSocket = '/run/podman/podman.sock';

/**
 * The socket on which an engine is to be asked by its API, or `undefined` where only its client knows the way (TCP, ssh) or
 * is the way (sudo, a podman without its service).
 */
export function apiSocket(
  { engine, access }: EngineAccess,
  endpoint: Endpoint,
  env: Environment,
): string | undefined {
  if (access.kind === 'sudo') return undefined;
  if (access.kind === 'socket') return access.socket;
  const socket = socketOf(endpoint);
  if (engine === 'podman') return endpoint.kind === 'address' ? socket : undefined;
  return foreignSetting(env) === undefined ? socket : undefined;
}

/** The daemon's socket that an endpoint stands for, as docker's client would find it. */
export function socketOf(endpoint: Endpoint): string | undefined {
  if (endpoint.kind === 'default') return dockerSocket;
  if (endpoint.kind !== 'address') return undefined;
  const path = endpoint.address.startsWith('unix://') ? endpoint.address.slice('unix://'.length) : '';
  return path.startsWith('/') ? path : undefined;
}

/** The first variable that is set of those by which docker's client speaks otherwise than we do: then it is asked itself. */
export function foreignSetting(env: Environment): string | undefined {
  return ['DOCKER_API_VERSION', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY'].find((name) => env[name]);
}

/** Do the caller's settings name the podman to ask (podman(1))? */
export function namesPodman(env: Environment): boolean {
  return Boolean(env.CONTAINER_HOST || env.CONTAINER_CONNECTION);
}

/**
 * The socket of a podman's service that is tried without being told of: the caller's own for a container of their own,
 * else root's.
 * @returns `undefined` where there is none, or none for this user: on NixOS everybody sees root's, and its group may use it
 */
export function servedPodman(env: Environment, whose: Whose): string | undefined {
  const socket = podmanServiceSocket(env, whose);
  return isTrusted(socket, whose.uid) && mayConnect(socket) ? socket : undefined;
}

/** Connecting takes write permission (unix(7)). */
function mayConnect(socket: string): boolean {
  try {
    accessSync(socket, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whose podman is meant. `own`: the container is one of the caller's own podman. */
export type Whose = { readonly uid: number; readonly own: boolean };

/** Where a podman's service listens that no setting names. */
export function podmanServiceSocket(env: Environment, { uid, own }: Whose): string {
  return own && uid !== 0 ? `${runtimeDirectory(env, uid)}/podman/podman.sock` : podmanSocket;
}

/** Only root or the caller may be behind it: whoever answers there learns what hermes is told. */
export function isTrusted(socket: string, uid: number): boolean {
  const stats = look(socket);
  return stats !== undefined && isOf(stats, uid);
}

/** Is it there, and somebody else's? Where nothing is to be seen, whoever asks there is told why. */
export function isStranger(socket: string, uid: number): boolean {
  const stats = look(socket);
  return stats !== undefined && !isOf(stats, uid);
}

function isOf(stats: Stats, uid: number): boolean {
  return stats.isSocket() && (stats.uid === 0 || stats.uid === uid);
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
