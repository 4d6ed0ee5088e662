import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findGroup, findUser } from '../../../src/managed/apply/accounts.ts';
import { systemEnv } from '../../../src/system/environment.ts';

/** What the system itself says of a name, field by field. */
const getent = (database: string, name: string) =>
  execFileSync('getent', [database, name], { env: systemEnv, encoding: 'utf8' }).trim().split(':');

describe('accounts of this host', () => {
  it('a user is found by name, with numbers and home as the system has them', async () => {
    // one of them with numbers that differ, where there is such a user
    const [odd] = readFileSync('/etc/passwd', 'utf8').match(/^\w+(?=:[^:]*:(\d+):(?!\1:))/m) ?? [];
    for (const name of ['root', 'nobody', ...(odd ? [odd] : [])]) {
      const [, , uid, gid, , home] = getent('passwd', name);
      expect(await findUser(name)).toEqual({ name, uid: Number(uid), gid: Number(gid), home });
    }
  });

  it('a group is found by name and by number, with its members, of which there may be none', async () => {
    const [, , gid, members = ''] = getent('group', 'root');
    const root = {
      name: 'root',
      gid: Number(gid),
      members: members.split(',').filter(Boolean),
    };
    expect(await findGroup('root')).toEqual(root);
    expect(await findGroup(Number(gid))).toEqual(root);
  });

  it('there is none by the beginning of a name, nor by a name that nobody has', async () => {
    for (const name of ['roo', 'no-such-account']) {
      expect(await findUser(name)).toBeUndefined();
      expect(await findGroup(name)).toBeUndefined();
    }
    expect(await findGroup(2_147_483_000)).toBeUndefined();
  });
});

it('programs of the system’s own are looked for only where root alone can put them', () => {
  const places = systemEnv.PATH.split(':');
  expect(places.filter((place) => !/^\/(run\/current-system\/sw|usr|)\/?s?bin$/.test(place))).toEqual([]);
  expect(places).toEqual(expect.arrayContaining(['/run/current-system/sw/bin', '/usr/sbin', '/usr/bin']));
});
