import { existsSync, readFileSync } from 'node:fs';
import { exitCodes, Failure } from '../../report/failure.ts';
import type { Engine } from '../../route/metadata.ts';
import { pinFile } from '../../route/pin.ts';
import { chooseEngine } from '../engine/choose.ts';
import { askEngine, changesPolicy, type EngineFacts, labels } from '../engine/facts.ts';
import { findSharing, type Sharer } from '../engine/sharing.ts';
import entrypoint from '../entrypoint.sh';
import type { Wanted } from '../file/wanted.ts';
import type { Facts } from '../plan/facts.ts';
import { pathsOf } from '../plan/files.ts';
import { type IdMap, idMapOf, subordinatesOf } from '../plan/id-map.ts';
import { mapsIds, restartPolicy } from '../plan/identity.ts';
import { toLayout } from '../plan/layout.ts';
import { hasSystemd, startsByUnit } from '../unit/place.ts';
import { withRoot } from '../write/dir.ts';
import { readRecord } from '../write/record.ts';
import { type Account, findGroup, findUser, type Group } from './accounts.ts';
import type { Ground } from './ground.ts';
import { refuse } from './refuse.ts';
import { readSources } from './sources.ts';
import { findStoreTool } from './store-tool.ts';
import { type Found, lookIn, survey } from './survey.ts';

/**
 * Gathers everything that a plan is made of. Changes nothing.
 * @throws {Failure} 125 for what is not as it must be
 */
export async function gather(ground: Ground): Promise<Facts> {
  const { wanted, who, via, caller } = ground;
  const asking = askEngine(via, { container: wanted.containerName, image: wanted.image }, caller.env);
  // what is wrong with the file and its surroundings is told first; the engine's answer is not lost meanwhile
  asking.catch(() => undefined);
  const record = readRecord(ground.place, wanted.stateDir);
  const searching = searchSharing(ground, record.backend);
  refuse(wanted);
  const { owner, group } = await findOwner(wanted, ground);
  const sources = readSources(wanted, owner?.uid);
  const hostUsers = await findHostUsers(wanted, ground);
  const idMap = via.engine === 'podman' && !wanted.asRoot && !mapsIds(wanted) ? readIdMap(ground) : undefined;
  const numbers = idMap?.inside ?? owner ?? { uid: -1, gid: -1 };
  const pluginPaths = sources.plugins.map(({ path }) => path);
  const layout = toLayout(wanted, numbers, sources.package, pluginPaths);
  const directories = layout.directories.map(({ path }) => path);
  const plugins = [...sources.plugins.map(({ name }) => name), ...record.plugins];
  const pluginDir = `${wanted.home}/plugins`;
  const found = survey(
    [...pathsOf(wanted, directories), ...plugins.map((name) => `${pluginDir}/${name}`)],
    wanted.stateDir,
  );
  const engine = onlyOurs(await asking, wanted);
  const byUnit = (ground.install && hasSystemd()) || startsByUnit(who, caller.env, wanted.containerName);
  const policyDiffers = engine.container?.restartPolicy !== restartPolicy(wanted.restart, byUnit);
  const homes = [...new Set([...hostUsers.map(({ home }) => home), ...record.bridges])];
  return {
    owner,
    groupMembers: group?.members ?? [],
    groupName: group?.name ?? (owner ? undefined : (wanted.group ?? wanted.user)),
    hostUsers,
    via,
    engine,
    sharing: await searching,
    sources,
    layout,
    record,
    found,
    bridges: new Map(homes.map((home) => [home, bridgeIn(home)])),
    pin: who.uid === 0 ? textOf(pinFile) : undefined,
    pins: wanted.asRoot && ground.pin,
    byUnit,
    policyIsFixed: engine.container !== undefined && policyDiffers && !(await changesPolicy(via, caller.env)),
    entrypoint,
    storeTool: sources.package?.inStore ? await findStoreTool(sources.package.path, caller.env) : undefined,
    selinux: existsSync('/sys/fs/selinux/enforce'),
    idMap,
  };
}

/** What somebody else called like a container that was put aside is theirs. */
function onlyOurs(engine: EngineFacts, { stateDir }: Wanted): EngineFacts {
  const ours = engine.aside?.labels[labels.managed] === stateDir;
  return ours ? engine : { ...engine, aside: undefined };
}

/** With the engine of now, and with the one that made the container before: a file that names another leaves that running. */
async function searchSharing({ via, wanted, caller }: Ground, before?: Engine): Promise<readonly Sharer[]> {
  const found = [findSharing(via, wanted, caller.env)];
  if (before !== undefined && before !== via.engine) {
    // one that is there no longer runs nothing
    const other = chooseEngine(before, undefined, caller.env).catch(() => undefined);
    found.push(
      other.then((there) =>
        there ? findSharing(there, { ...wanted, containerName: undefined }, caller.env) : [],
      ),
    );
  }
  return (await Promise.all(found)).flat();
}

async function findOwner(
  wanted: Wanted,
  { who }: Ground,
): Promise<{ owner: { uid: number; gid: number } | undefined; group?: Group | undefined }> {
  if (!wanted.asRoot) return { owner: { uid: who.uid, gid: who.gid } };
  const user = await findUser(wanted.user);
  const group = await findGroup(wanted.group ?? user?.gid ?? wanted.user);
  const missing =
    user === undefined ? 'user' : wanted.group !== undefined && group === undefined ? 'group' : undefined;
  if (missing !== undefined) {
    if (wanted.createUser) return { owner: undefined };
    const name = missing === 'user' ? wanted.user : wanted.group;
    throw new Failure(
      exitCodes.cannotRoute,
      `${missing}: there is no ${missing} ${name} on this host, and createUser is false`,
      [
        {
          label: 'make it',
          text: missing === 'user' ? `sudo useradd --system ${name}` : `sudo groupadd --system ${name}`,
        },
      ],
    );
  }
  if (user?.uid === 0)
    throw new Failure(exitCodes.cannotRoute, `user: ${wanted.user} is root, and hermes must not be`, [
      { label: 'change it', text: 'user: hermes   # in hermes-shim.yaml, or leave it out' },
    ]);
  return {
    owner: user && { uid: user.uid, gid: group?.gid ?? user.gid },
    group,
  };
}

async function findHostUsers(wanted: Wanted, { who }: Ground): Promise<readonly Account[]> {
  if (!wanted.asRoot)
    return wanted.hostUsers.map((name) => ({ name, uid: who.uid, gid: who.gid, home: who.home }));
  const users: Account[] = [];
  for (const name of wanted.hostUsers) {
    const user = await findUser(name);
    if (user === undefined)
      throw new Failure(exitCodes.cannotRoute, `container.hostUsers: there is no user ${name} on this host`, [
        { label: 'who is there', text: 'getent passwd' },
        { label: 'make them', text: `sudo useradd --create-home ${name}` },
      ]);
    users.push(user);
  }
  return users;
}

/** What ~/.hermes is for somebody; what a file there says is theirs. */
function bridgeIn(home: string): Found {
  try {
    return withRoot(home, (dir) => lookIn(dir, '.hermes', () => undefined));
  } catch {
    return { kind: 'nothing' };
  }
}

function readIdMap({ who }: Ground): IdMap {
  const count = (file: string): number => subordinatesOf(textOf(file) ?? '', who);
  return idMapOf({ uids: count('/etc/subuid'), gids: count('/etc/subgid') });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
