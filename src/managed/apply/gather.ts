import { existsSync } from 'node:fs';
import { exitCodes, Failure } from '../../report/failure.ts';
import { pinFile } from '../../route/pin.ts';
import { textOf } from '../../system/text-of.ts';
import { askEngine, changesPolicy, type EngineFacts, labels } from '../engine/facts.ts';
import entrypoint from '../entrypoint.sh';
import type { Wanted } from '../file/wanted.ts';
import type { Facts } from '../plan/facts.ts';
import { pathsOf } from '../plan/files.ts';
import { restartPolicy } from '../plan/identity.ts';
import { toLayout } from '../plan/layout.ts';
import { hasSystemd, nameBefore, startsByUnit } from '../unit/place.ts';
import { withRoot } from '../write/dir.ts';
import { readRecord } from '../write/record.ts';
import { type Account, findUser } from './accounts.ts';
import type { Context } from './context.ts';
import { findIdMap, findOwner } from './owner.ts';
import { refuse } from './refuse.ts';
import { searchSharing } from './search-sharing.ts';
import { readSources } from './sources.ts';
import { findStoreTool } from './store-tool.ts';
import { type Found, lookIn, survey } from './survey.ts';

/**
 * Gathers everything that a plan is made of. Changes nothing.
 * @throws {Failure} 125 for what is not as it must be
 */
export async function gather(context: Context): Promise<Facts> {
  const { wanted, who, via, caller } = context;
  const asking = askEngine(via, { container: wanted.containerName, image: wanted.image }, caller.env);
  // what is wrong with the file and its surroundings is told first; the engine's answer is not lost meanwhile
  asking.catch(() => undefined);
  const record = readRecord(context.place, wanted.stateDir);
  const searching = searchSharing(context, record.backend);
  refuse(wanted);
  const { owner, group } = await findOwner(context);
  const sources = readSources(wanted, owner?.uid);
  const hostUsers = await findHostUsers(wanted, context);
  const idMap = findIdMap(context);
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
  const installs = context.install || nameBefore(context, record) !== undefined;
  const byUnit = (installs && hasSystemd()) || startsByUnit(who, caller.env, wanted.containerName);
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
    pins: wanted.asRoot && context.pin,
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

async function findHostUsers(wanted: Wanted, { who }: Context): Promise<readonly Account[]> {
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
