import { execFileSync } from 'node:child_process';
import { systemEnv } from '../system/environment.ts';

/** A user as the system knows them. */
export type Account = { readonly uid: number; readonly directory: string };

/** A user by `getent passwd`: it also knows users that are not in /etc/passwd (LDAP, systemd-homed). */
export function accountOf(user: string): Account | undefined {
  if (!/^[a-zA-Z0-9_][a-zA-Z0-9_.@\\-]*\$?$/.test(user)) return undefined;
  try {
    const line = execFileSync('getent', ['passwd', user], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: systemEnv,
    });
    const [, , uid, , , directory] = line.trim().split(':');
    return directory?.startsWith('/') ? { uid: Number(uid), directory } : undefined;
  } catch {
    return undefined;
  }
}
