import type { Engine } from '../route/metadata.ts';
import { lowestSubordinate } from '../system/subordinate-ids.ts';
import { textOf } from '../system/text-of.ts';
import { ownUserName } from '../system/user-name.ts';
import type { Whose } from './transport/socket.ts';

/**
 * Is a file of this owner the caller's own state? Their own uid, or one of their subordinate uids (subuid(5)): in a
 * rootless container hermes is such a one, and what it owns shows so on the host.
 * @param readRanges the text of `/etc/subuid`; asked only for a uid that may be subordinate
 */
export function isOwnState(
  ownerUid: number | undefined,
  caller: { uid: number; name: () => string },
  readRanges: () => string,
): boolean {
  if (ownerUid === undefined || ownerUid === caller.uid) return ownerUid === caller.uid;
  if (ownerUid < lowestSubordinate) return false;
  const names = [String(caller.uid), caller.name()];
  return readRanges()
    .split('\n')
    .map((line) => line.split(':'))
    .some(([name = '', first, count]) => {
      const begin = Number(first);
      return names.includes(name) && ownerUid >= begin && ownerUid < begin + Number(count);
    });
}

/** `isOwnState` on this machine. Where ranges come from elsewhere (LDAP), the state counts as somebody else's. */
function ownsState(ownerUid: number | undefined, uid: number): boolean {
  const name = (): string => ownUserName() ?? '';
  return isOwnState(ownerUid, { uid, name }, () => textOf('/etc/subuid') ?? '');
}

/**
 * Is the container, by its state, one of this user's own podman?
 * @param ownerUid of the state directory
 */
export function whoseOf(engine: Engine, ownerUid: number | undefined, uid: number): Whose {
  return { uid, own: uid !== 0 && engine === 'podman' && ownsState(ownerUid, uid) };
}
