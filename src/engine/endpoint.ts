import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../system/environment.ts';
import { runCommand } from '../system/run-command.ts';
import type { EngineAccess } from './access.ts';

/** Where an engine listens, as far as the caller's settings say; `context` has to be looked up. */
export type Endpoint =
  | { readonly kind: 'default' }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'context'; readonly name: string };

/**
 * Which daemon the caller's docker or podman talks to, by the clients' own rules: `DOCKER_HOST` before
 * `DOCKER_CONTEXT` before the config's current context (docker-context(1)); for podman `CONTAINER_HOST` and
 * `CONTAINER_CONNECTION` (podman(1)). sudo and doas drop these variables: root's engine is the local one.
 */
export function endpointOf(
  { engine, access }: EngineAccess,
  env: Environment,
  dockerConfig = readDockerConfig,
): Endpoint {
  if (access.kind === 'sudo') return { kind: 'default' };
  if (engine === 'podman') {
    if (env.CONTAINER_HOST) return { kind: 'address', address: env.CONTAINER_HOST };
    const connection = env.CONTAINER_CONNECTION;
    return connection ? { kind: 'address', address: `connection ${connection}` } : { kind: 'default' };
  }
  if (env.DOCKER_HOST) return { kind: 'address', address: env.DOCKER_HOST };
  const name = env.DOCKER_CONTEXT || dockerConfig(env);
  return name && name !== 'default' ? { kind: 'context', name } : { kind: 'default' };
}

/** Is this address a socket of this machine? */
export function isLocal(address: string): boolean {
  return address.startsWith('unix://') || address.startsWith('/');
}

/** The current context of docker's own config file, or `undefined`. */
function readDockerConfig(env: Environment): string | undefined {
  const directory = env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
  try {
    const config: unknown = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
    const name = (config as { currentContext?: unknown } | null)?.currentContext;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
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
