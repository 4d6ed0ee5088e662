import { commandPrefix, type EngineAccess, engineCommand } from '../../engine/access.ts';
import { composeCommand, composedBy } from '../../engine/compose.ts';
import { type Container, isAlive, toContainer } from '../../engine/container.ts';
import { roleOf } from '../../engine/role.ts';
import { judgeSameHome } from '../../engine/same-home.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import type { Environment } from '../../system/environment.ts';
import { realPath } from '../../system/real-path.ts';
import { runCommand } from '../../system/run-command.ts';
import type { Wanted } from '../file/wanted.ts';
import { asideName, inspect, labels } from './facts.ts';

/** Another container that works on the home, and the engine that has it. */
export type Sharer = { readonly via: EngineAccess; readonly container: Container };

/** The home, and what our container is called; `undefined` with an engine that shall have none of ours. */
export type Home = Pick<Wanted, 'home' | 'kind' | 'stateDir'> & {
  readonly containerName: string | undefined;
};

/** How long an engine may take for it, in milliseconds; docker at times hangs over one container. */
const patienceMs = 10_000;

/**
 * Looks through the containers that run for others than ours that work on this home: two gateways spoil its database.
 * An engine that does not answer has none here: what is wrong with it is told by who asks for the container itself.
 */
export async function findSharing(
  via: EngineAccess,
  wanted: Home,
  env: Environment,
): Promise<readonly Sharer[]> {
  // podman has no word for a container that is between two starts, and refuses the filter
  const states = via.engine === 'docker' ? ['running', 'paused', 'restarting'] : ['running', 'paused'];
  const filters = states.flatMap((state) => ['--filter', `status=${state}`]);
  const argv = engineCommand(via, ['ps', '-q', '--no-trunc', ...filters]);
  const listed = await runCommand(argv, { env: { ...env, LC_ALL: 'C' }, timeoutMs: patienceMs });
  const ids =
    listed.kind === 'exited' ? listed.stdout.split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id)) : [];
  if (ids.length === 0) return [];
  const ask = (some: readonly string[]) => inspect(via, 'container', some, env, patienceMs);
  const each = () => Promise.all(ids.map((id) => ask([id]).catch(() => [])));
  const found = await ask(ids).catch(async () => (await each()).flat());
  return found
    .map(toContainer)
    .filter((one) => one !== undefined)
    .filter((container) => isAlive(container) && sharesHome(container, wanted, realPath))
    .map((container) => ({ via, container }));
}

/**
 * Does a container other than ours work on this home? One that declares it, runs a gateway and has it mounted for writing,
 * or was made for its state directory under another name. A dashboard may stand beside the gateway, and who only copies
 * the home (a backup) is none of our business. Pure.
 */
export function sharesHome(container: Container, wanted: Home, resolve: (path: string) => string): boolean {
  const { containerName, home, kind, stateDir } = wanted;
  const ours = container.labels.get(labels.managed) === stateDir;
  if (container.name === containerName) return false;
  if (ours) return containerName === undefined || container.name !== asideName(containerName);
  if (roleOf(container) === 'dashboard') return false;
  // with the official image the state directory can be somebody's home, which many a container has
  const places = kind === 'package' ? [home, stateDir] : [home];
  return (
    judgeSameHome(container, home, resolve).same ||
    (roleOf(container) === 'gateway' &&
      container.binds.some(({ source, writable }) => writable && places.includes(resolve(source))))
  );
}

/** The failure where our container would be the second on its home. Pure. */
export function refusal({ via, container }: Sharer, wanted: Pick<Wanted, 'stateDir' | 'home'>): Failure {
  const ours = container.labels.get(labels.managed) === wanted.stateDir;
  return new Failure(
    exitCodes.cannotRoute,
    `container '${container.name}' (${via.engine}) runs on this home already (${escapeControls(wanted.home, 200)}), and two gateways on one home spoil its database`,
    [
      ours
        ? {
            label: 'keep it',
            text: `container: {backend: ${via.engine}, name: ${container.name}}   # in hermes-shim.yaml, as before`,
          }
        : { label: 'use that one', text: 'hermes-shim enable' },
      endOf(via, container),
    ],
  );
}

function endOf(via: EngineAccess, container: Container): { label: string; text: string } {
  const composed = composedBy(container) && composeCommand(container, via.engine, 'stop', realPath);
  if (composed) return { label: 'or stop it', text: composed };
  return {
    label: 'or remove it',
    text: `${commandPrefix(via)} rm -f ${container.name}   # what was installed in it is lost; state and home stay`,
  };
}

/**
 * Refuses to start a container on a home that another one works on. Where both run already, that is told elsewhere. Pure.
 * @param ours as it is now
 * @throws {Failure} 125
 */
export function refuseSharing(
  ours: Container,
  [sharer]: readonly Sharer[],
  wanted: Pick<Wanted, 'stateDir' | 'home'>,
): void {
  if (sharer && ours.state.status !== 'running') throw refusal(sharer, wanted);
}

/** The same where both run already, as a note. Pure. */
export function sayShared({ via, container }: Sharer): string {
  return `container '${container.name}' (${via.engine}) runs on this home, too, which spoils its database; end it: ${endOf(via, container).text}`;
}
