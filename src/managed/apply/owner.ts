import { exitCodes, Failure } from '../../report/failure.ts';
import { textOf } from '../../system/text-of.ts';
import { type IdMap, idMapOf, subordinatesOf } from '../plan/id-map.ts';
import { mapsIds } from '../plan/identity.ts';
import { findGroup, findUser, type Group } from './accounts.ts';
import type { Context } from './context.ts';

/**
 * Finds who owns the state; `undefined`: that user has to be made.
 * @throws {Failure} 125 where it cannot be
 */
export async function findOwner({
  wanted,
  who,
}: Context): Promise<{ owner: { uid: number; gid: number } | undefined; group?: Group | undefined }> {
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

/** Rootless podman's map of ids, unless the file maps them itself. */
export function findIdMap({ wanted, via, who }: Context): IdMap | undefined {
  if (via.engine !== 'podman' || wanted.asRoot || mapsIds(wanted)) return undefined;
  const count = (file: string): number => subordinatesOf(textOf(file) ?? '', who);
  return idMapOf({ uids: count('/etc/subuid'), gids: count('/etc/subgid') });
}
