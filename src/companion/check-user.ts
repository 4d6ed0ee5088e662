import { statSync } from 'node:fs';
import type { EngineAccess } from '../engine/access.ts';
import type { Reached } from '../engine/reach.ts';
import type { Caller } from '../route/caller.ts';
import { type Check, warn, well } from './check.ts';
import { runScriptProbe } from './run-probe.ts';

/** Who hermes is in there, and whether the container was made for another uid. */
export async function checkUser(
  { via, container, user }: Reached,
  bin: string,
  caller: Caller,
): Promise<Check> {
  const script = { containerId: container.id, user, script: 'id -u', name: 'hermes-doctor', args: [] };
  const uid = (await runScriptProbe(via, script, caller.env)).stdout.trim();
  if (uid === '0' && !isRootless(via, caller.uid)) return rootUser(user, bin);
  const meant = container.env.get('HERMES_UID');
  const says = `${user} is uid ${uid || 'unknown'} in there`;
  if (!meant || !uid || meant === uid) return well('user', says);
  // both are the container's words, and advice is pasted
  const elsewhere = [uid, meant].every((word) => /^[0-9]{1,10}$/.test(word))
    ? `make the container again with -e HERMES_UID=${uid}, or: hermes-shim disable && hermes-shim enable --user ${meant}`
    : 'make the container again with a number as its HERMES_UID';
  return warn(
    'user',
    `${says}, but the container's HERMES_UID is ${meant}: files in the home will belong to the wrong one`,
    [
      { label: 'on NixOS', text: 'sudo systemctl restart hermes-agent' },
      { label: 'elsewhere', text: elsewhere },
    ],
  );
}

/** Is it the caller's own podman, in which root is the caller? By its socket's owner, where it is spoken to there. */
export function isRootless({ engine, access, api }: EngineAccess, uid: number): boolean {
  if (engine !== 'podman' || uid === 0 || access.kind === 'sudo') return false;
  if (api === undefined) return access.kind === 'direct';
  return statSync(api.socket, { throwIfNoEntry: false })?.uid === uid;
}

/** The official image's own launcher gives root up; anything else goes on as root. */
function rootUser(user: string, bin: string): Check {
  if (bin === '/opt/hermes/bin/hermes')
    return well('user', `${user} is root in there, which ${bin} gives up`);
  return warn('user', `${user} is root in there: what hermes makes in the home belongs to root`, [
    { label: 'run it as who owns the home', text: 'hermes-shim disable && hermes-shim enable' },
    { label: 'or as somebody', text: 'hermes-shim disable && hermes-shim enable --user NAME' },
  ]);
}
