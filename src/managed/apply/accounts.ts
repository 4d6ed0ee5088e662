import { readFileSync } from 'node:fs';
import { systemEnv } from '../../system/environment.ts';
import { runCommand } from '../../system/run-command.ts';

/** A user of this host. */
export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
};

/** A user by name: /etc/passwd, then whatever else this host asks (LDAP, systemd-homed). `undefined`: there is none. */
export async function findUser(name: string): Promise<Account | undefined> {
  const line = await entry('passwd', name);
  const [, , uid, gid, , home = '/'] = line?.split(':') ?? [];
  return line === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid), home };
}

/** A group of this host. */
export type Group = { readonly name: string; readonly gid: number; readonly members: readonly string[] };

/** A group by its name, or by its number. */
export async function findGroup(which: string | number): Promise<Group | undefined> {
  const line = await entry('group', which);
  const [name = '', , gid, members = ''] = line?.split(':') ?? [];
  if (line === undefined) return undefined;
  return { name, gid: Number(gid), members: members.split(',').filter(Boolean) };
}

async function entry(database: 'passwd' | 'group', which: string | number): Promise<string | undefined> {
  const local = readFileSync(`/etc/${database}`, 'utf8')
    .split('\n')
    .find((line) => line.split(':')[typeof which === 'number' ? 2 : 0] === String(which) && line !== '');
  if (local !== undefined) return local;
  const asked = await runCommand(['getent', database, String(which)], { env: systemEnv, timeoutMs: 10_000 });
  return asked.kind === 'exited' && asked.code === 0 ? asked.stdout.trim().split('\n')[0] : undefined;
}
