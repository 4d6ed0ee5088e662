import { statSync } from 'node:fs';
import type { Environment } from '../../system/environment.ts';
import type { EngineAccess } from '../access.ts';
import type { Endpoint } from '../endpoint.ts';
import { dockerSocket } from './api/inspect.ts';

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
  return speaksPlainly(env) ? socket : undefined;
}

/** The daemon's socket that an endpoint stands for, as docker's client would find it. */
export function socketOf(endpoint: Endpoint): string | undefined {
  if (endpoint.kind === 'default') return dockerSocket;
  if (endpoint.kind !== 'address') return undefined;
  const path = endpoint.address.startsWith('unix://') ? endpoint.address.slice('unix://'.length) : '';
  return path.startsWith('/') ? path : undefined;
}

/** Variables that make docker's client speak otherwise than we do: then it is asked itself. */
export function speaksPlainly(env: Environment): boolean {
  return !env.DOCKER_API_VERSION && !env.DOCKER_TLS && !env.DOCKER_TLS_VERIFY;
}

/** Do the caller's settings name the podman to ask (podman(1))? */
export function namesPodman(env: Environment): boolean {
  return Boolean(env.CONTAINER_HOST || env.CONTAINER_CONNECTION);
}

/**
 * The socket of a podman's service that is tried without being told of: the caller's own for a container of their own,
 * else root's.
 * @param own the container is one of the caller's own podman
 * @returns `undefined` where there is none
 */
export function servedPodman(
  env: Environment,
  { uid, own }: { uid: number; own: boolean },
): string | undefined {
  const runtime = env.XDG_RUNTIME_DIR || `/run/user/${uid}`;
  const socket = own && uid !== 0 ? `${runtime}/podman/podman.sock` : podmanSocket;
  return isTrusted(socket, uid) ? socket : undefined;
}

/** Only root or the caller may be behind it: whoever answers there learns what hermes is told. */
export function isTrusted(socket: string, uid: number): boolean {
  try {
    const stats = statSync(socket);
    return stats.isSocket() && (stats.uid === 0 || stats.uid === uid);
  } catch {
    return false;
  }
}
