import { trace } from '../report/trace.ts';
import type { Service } from '../route/metadata.ts';
import type { Environment } from '../system/environment.ts';
import { enginePatience } from '../system/patience.ts';
import { runCommand } from '../system/run-command.ts';
import { type EngineAccess, engineCommand } from './access.ts';
import { type Container, toContainer } from './container.ts';

/**
 * Finds the container of a compose service whose name has changed: compose made it anew under another (from
 * `project_service_1` to `project-service-1`, say). Only asked for where there is none of the name that is known.
 * @returns of several the running one, else the first; `undefined` when there is none
 */
export async function findService(
  via: EngineAccess,
  { project, name }: Service,
  env: Environment,
): Promise<Container | undefined> {
  const filters = [`project=${project}`, `service=${name}`].flatMap((label) => [
    '--filter',
    `label=com.docker.compose.${label}`,
  ]);
  const ids = (await ask(via, ['ps', '-aq', '--no-trunc', ...filters], env))
    .split('\n')
    .filter((id) => /^[0-9a-f]{12,64}$/.test(id));
  const inspect = ['inspect', '--type', 'container', ...ids];
  const found = ids.length === 0 ? undefined : chooseOfService(parse(await ask(via, inspect, env)));
  trace(() => `compose service ${name} of ${project}: ${found ? found.name : 'no container'}`);
  return found;
}

/** Containers that `compose run` made for one command are none of the service's. */
export function chooseOfService(containers: readonly Container[]): Container | undefined {
  const lasting = containers
    .filter(({ labels }) => labels.get('com.docker.compose.oneoff') !== 'True')
    .sort((a, b) => numberOf(a) - numberOf(b));
  return lasting.find(({ state }) => state.status === 'running') ?? lasting[0];
}

function numberOf({ labels }: Container): number {
  return Number(labels.get('com.docker.compose.container-number') ?? 1);
}

async function ask(via: EngineAccess, words: readonly string[], env: Environment): Promise<string> {
  const result = await runCommand(engineCommand(via, words, true), {
    env,
    timeoutMs: enginePatience,
    tied: true,
  });
  return result.kind === 'exited' && result.code === 0 ? result.stdout : '';
}

function parse(text: string): readonly Container[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(toContainer).filter((one) => one !== undefined) : [];
  } catch {
    return [];
  }
}
