import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../system/environment.ts';
import { runCommand } from '../system/run-command.ts';
import type { EngineAccess } from './access.ts';

/**
 * Where an engine listens, as far as the caller's settings say. `context`: a docker context of another machine, or
 * one whose address docker alone knows.
 */
export type Endpoint =
  | { readonly kind: 'default' }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'context'; readonly name: string };

/**
 * Which daemon the caller's docker or podman talks to, by the clients' own rules: `DOCKER_HOST` before
 * `DOCKER_CONTEXT` before the config's current context (docker-context(1)); for podman `CONTAINER_HOST` and
 * `CONTAINER_CONNECTION` (podman(1)). sudo and doas drop these variables: root's engine is the local one, and a socket that
 * no setting names is one of this machine, too.
 */
export function endpointOf(
  { engine, access }: EngineAccess,
  env: Environment,
  { dockerConfig = readDockerConfig, contextHost = readContextHost }: Partial<DockerFiles> = {},
): Endpoint {
  if (access.kind !== 'direct') return { kind: 'default' };
  if (engine === 'podman') {
    if (env.CONTAINER_HOST) return { kind: 'address', address: env.CONTAINER_HOST };
    const connection = env.CONTAINER_CONNECTION;
    return connection ? { kind: 'address', address: `connection ${connection}` } : { kind: 'default' };
  }
  if (env.DOCKER_HOST) return { kind: 'address', address: env.DOCKER_HOST };
  const name = env.DOCKER_CONTEXT || dockerConfig(env);
  if (!name || name === 'default') return { kind: 'default' };
  const address = contextHost(env, name);
  return address && isLocal(address) ? { kind: 'address', address } : { kind: 'context', name };
}

/** What docker's own files say; exchanged in tests. */
type DockerFiles = {
  readonly dockerConfig: (env: Environment) => string | undefined;
  readonly contextHost: (env: Environment, name: string) => string | undefined;
};

/** Is this address a socket of this machine? */
export function isLocal(address: string): boolean {
  return address.startsWith('unix://') || address.startsWith('/');
}

/** The current context of docker's own config file, or `undefined`. */
function readDockerConfig(env: Environment): string | undefined {
  return textAt(readDockerFile(env, 'config.json'), 'currentContext');
}

/** Where a context's daemon listens: docker keeps a file for each, in a directory named by the hash of its name. */
function readContextHost(env: Environment, name: string): string | undefined {
  const directory = createHash('sha256').update(name).digest('hex');
  const meta = readDockerFile(env, join('contexts/meta', directory, 'meta.json'));
  return textAt(at(at(meta, 'Endpoints'), 'docker'), 'Host');
}

function readDockerFile(env: Environment, file: string): unknown {
  try {
    const directory = env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
    return JSON.parse(readFileSync(join(directory, file), 'utf8'));
  } catch {
    return undefined;
  }
}

function at(json: unknown, key: string): unknown {
  return typeof json === 'object' && json !== null ? (json as { [key: string]: unknown })[key] : undefined;
}

function textAt(json: unknown, key: string): string | undefined {
  const value = at(json, key);
  return typeof value === 'string' ? value : undefined;
}

/**
 * The address behind an endpoint, when it is one of another machine.
 * @returns `undefined` when the engine is a local one
 */
export async function remoteAddress(
  access: EngineAccess,
  endpoint: Endpoint,
  env: Environment,
): Promise<string | undefined> {
  switch (endpoint.kind) {
    case 'default':
      return undefined;
    case 'address':
      return isLocal(endpoint.address) ? undefined : endpoint.address;
    case 'context': {
      const argv = [
        access.binary,
        'context',
        'inspect',
        '--format',
        '{{.Endpoints.docker.Host}}',
        endpoint.name,
      ];
      const result = await runCommand(argv, { env, timeoutMs: 5000, tied: true });
      const address = result.kind === 'exited' && result.code === 0 ? result.stdout.trim() : '';
      return isLocal(address) ? undefined : `context ${endpoint.name}${address ? `, ${address}` : ''}`;
    }
  }
}
