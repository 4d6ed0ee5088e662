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

/** A group by name: its number and its members. */
export async function findGroup(
  name: string,
): Promise<{ gid: number; members: readonly string[] } | undefined> {
  const line = await entry('group', name);
  const [, , gid, members = ''] = line?.split(':') ?? [];
  return line === undefined ? undefined : { gid: Number(gid), members: members.split(',').filter(Boolean) };
}

async function entry(database: 'passwd' | 'group', name: string): Promise<string | undefined> {
  const local = readFileSync(`/etc/${database}`, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`));
  if (local !== undefined) return local;
  const asked = await runCommand(['getent', database, name], { env: systemEnv, timeoutMs: 10_000 });
  return asked.kind === 'exited' && asked.code === 0 ? asked.stdout.trim().split('\n')[0] : undefined;
}
