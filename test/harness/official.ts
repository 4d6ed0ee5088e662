/** A container of the official image, as its documentation makes one: the caller's own home, hermes with their numbers. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineOf } from '../../scripts/engines/modes.ts';
import { officialUid } from '../../scripts/engines/official.ts';
import { currentCaller } from './call.ts';
import { type ContainerOptions, type ManagedContainer, managedContainer } from './container.ts';
import type { EngineMode } from './modes.ts';

/** Who calls in a mode, and which uid hermes gets for them: root's is refused by the image, so there its own. */
export function numbersOf(mode: EngineMode): { uid: number; env: Record<string, string>; inside: number } {
  const { uid, gid } = currentCaller(mode, { asUser: true, home: '/', hermesHome: '/' });
  const mapped = mode !== 'podman-root' && uid !== 0;
  return {
    uid,
    env: {
      ...(mapped ? { HERMES_UID: String(uid), HERMES_GID: String(gid) } : {}),
      // there the home becomes a subordinate id's, and hermes closes it to everybody else
      ...(mode === 'podman-rootless' ? { HERMES_HOME_MODE: '0711' } : {}),
    },
    inside: mapped ? uid : officialUid,
  };
}

/** Makes one; an ordinary user calls, where the mode has one. No metadata: that is enable's business. */
export function officialContainer(
  mode: EngineMode,
  options: ContainerOptions = {},
): Promise<ManagedContainer> {
  const env = { ...numbersOf(mode).env, ...options.env };
  return managedContainer(mode, {
    layout: 'image',
    ...(engineOf(mode) === 'docker' ? { as: 'user' } : {}),
    metadata: false,
    ...options,
    env,
  });
}

/** Makes a file through the shim, and says whose it is on the host. */
export async function ownerOfMade(container: ManagedContainer, name = 'made-by-hermes'): Promise<number> {
  const made = await container.hermes(['sh', '-c', `umask 022; echo made >"$HERMES_HOME/${name}"`]);
  if (made.exitCode !== 0) throw new Error(`hermes could not make a file: ${made.stderr}`);
  return statSync(join(container.home, name)).uid;
}

/** A file that root left in the home, as `docker exec` without -u does. */
export function leaveRootsFile(container: ManagedContainer, name: string): void {
  writeFileSync(join(container.home, name), 'root was here\n', { mode: 0o600 });
}
