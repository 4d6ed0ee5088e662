import { userInfo } from 'node:os';

/** What this user is called; `undefined` for a uid without an entry in passwd, for which node throws. */
export function ownUserName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
