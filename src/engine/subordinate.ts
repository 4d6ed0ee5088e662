import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { lowestSubordinate } from '../system/subordinate-ids.ts';

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
export function ownsState(ownerUid: number | undefined, uid: number): boolean {
  const name = (): string => quietly(() => userInfo().username);
  return isOwnState(ownerUid, { uid, name }, () => quietly(() => readFileSync('/etc/subuid', 'utf8')));
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
