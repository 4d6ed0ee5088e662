import { posix } from 'node:path';
import { commandPrefix } from '../engine/access.ts';
import { composeCommand, composedBy } from '../engine/compose.ts';
import type { Container } from '../engine/container.ts';
import type { Reached } from '../engine/reach.ts';
import { roleOf } from '../engine/role.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import { realPath } from '../system/real-path.ts';
import { type Candidate, searchContainers } from './candidates.ts';
import { type Check, warn, well } from './check.ts';
import { checkFiles } from './check-files.ts';

/** What lies around hermes in there, and may spoil its work though it runs. */
export async function checkSurroundings(
  reached: Reached,
  route: ContainerRoute,
  caller: Caller,
): Promise<readonly Check[]> {
  const { container } = reached;
  const root = route.volume ? '/' : route.homeRoot;
  const [files, search] = await Promise.all([
    checkFiles(reached, caller),
    searchContainers(caller, root, route.ownerUid, { backend: undefined, realPath }),
  ]);
  const sharing = search.candidates.filter(({ containerHome, volume, via }) =>
    route.volume
      ? volume === route.volume.name && via.engine === reached.via.engine
      : containerHome !== undefined,
  );
  return [files, checkWriteRoot(container), checkGateways(container, sharing), checkNetwork(container)];
}

/** hermes's own tools refuse to write outside `HERMES_WRITE_SAFE_ROOT`, a list with colons, also in mounted directories. */
export function checkWriteRoot({ env, binds }: Pick<Container, 'env' | 'binds'>): Check {
  const said = env.get('HERMES_WRITE_SAFE_ROOT');
  const roots = (said ?? '').split(':').filter((root) => root.startsWith('/'));
  if (said === undefined || roots.length === 0)
    return well('writing', 'HERMES_WRITE_SAFE_ROOT is not set: hermes may write wherever its user may');
  const within = (path: string): boolean =>
    roots.some((root) => root === '/' || `${path}/`.startsWith(`${posix.resolve('/', root)}/`));
  const outside = binds.filter(({ writable, destination }) => writable && !within(destination));
  if (outside.length === 0) return well('writing', `hermes's tools write in ${roots.join(', ')} alone`);
  const list = outside.map(({ destination, source }) => `${destination} (${source} here)`).join(', ');
  const all = [...roots, ...outside.map(({ destination }) => destination)];
  return warn(
    'writing',
    `${list} is mounted for writing, but hermes's own tools refuse to write outside HERMES_WRITE_SAFE_ROOT=${said}`,
    // colons and odd names cannot be said in that list
    all.every((path) => /^[\w./-]+$/.test(path))
      ? [{ label: 'make it again with', text: `-e HERMES_WRITE_SAFE_ROOT=${all.join(':')}` }]
      : [],
  );
}

/** Two gateways on one home spoil its database. */
export function checkGateways(container: Container, sharing: readonly Candidate[]): Check {
  const others = sharing.filter(
    (one) => one.container.id !== container.id && roleOf(one.container) === 'gateway',
  );
  if (others.length === 0) return well('gateways', 'no other container runs a gateway on this home');
  const names = others.map((one) => `'${one.container.name}'`).join(' and ');
  return warn(
    'gateways',
    `${names} ${others.length > 1 ? 'run' : 'runs'} a gateway on this very home, which spoils its database`,
    others.map(({ container: other, via }) => ({
      label: `stop it${composedBy(other) ? ' by compose' : ''}`,
      text: composeCommand(other, via.engine, 'stop', realPath) ?? `${commandPrefix(via)} stop ${other.name}`,
    })),
  );
}

/** What a browser sends to 127.0.0.1 after a login arrives in a container only where the network is the host's. */
export function checkNetwork(container: Container): Check {
  if (container.hostNetwork) return well('network', "the container has the host's: OAuth callbacks arrive");
  const made = composedBy(container)
    ? 'network_mode: host   # in its compose file, in place of ports and networks'
    : '--network=host   # in place of -p';
  return warn(
    'network',
    "the container has a network of its own: an OAuth callback to this host's 127.0.0.1 does not arrive in there",
    [
      { label: 'make it again with', text: made },
      { label: 'or where a login asks for it', text: 'paste the address that the browser was sent to' },
    ],
  );
}
