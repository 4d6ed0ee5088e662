import type { Caller } from '../route/caller.ts';
import { ownUserName } from '../system/user-name.ts';
import { type Check, skip, warn, well } from './check.ts';
import { runProbe } from './run-probe.ts';

/** Group membership that was given after this login does not count before the next one: the docker group, hermes's. */
export async function checkGroups(caller: Caller): Promise<Check> {
  const name = ownUserName();
  if (name === undefined) return skip('groups', 'this uid has no name');
  const [ids, names] = await Promise.all([
    runProbe(['id', '-G', name], caller.env),
    runProbe(['id', '-Gn', name], caller.env),
  ]);
  const given = ids.stdout.trim().split(' ');
  const called = names.stdout.trim().split(' ');
  const effective = new Set([...(process.getgroups?.() ?? []), process.getgid?.() ?? -1].map(String));
  const missing = given.flatMap((id, index) =>
    /^\d+$/.test(id) && !effective.has(id) ? [called[index] ?? id] : [],
  );
  const [first] = missing;
  if (first === undefined || !ids.ok) return well('groups', 'no membership waits for the next login');
  return warn(
    'groups',
    `${name} is in ${missing.join(', ')}, but not in this session: it was logged in before`,
    [
      { label: 'for good', text: 'log out and in again' },
      { label: 'for now', text: `newgrp ${first}` },
    ],
  );
}
