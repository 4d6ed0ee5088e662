import { commandFor, type Ground } from '../managed/apply/ground.ts';
import { tryTo } from '../managed/engine/deeds.ts';
import { restartPolicy } from '../managed/plan/identity.ts';
import { ownUnit, removeUnit } from '../managed/unit/install.ts';
import { unitFile } from '../managed/unit/place.ts';
import { engineAlone } from '../managed/unit/without.ts';
import { Failure } from '../report/failure.ts';
import { findKept } from './container-deeds.ts';

/**
 * Removes the unit; the container itself goes on, and its engine starts it again as the file says.
 * @param dryRun changes nothing
 * @returns what was done, or would be, for people
 * @throws {Failure} 125 when the unit is somebody else's
 */
export async function uninstall(ground: Ground, { dryRun }: { dryRun: boolean }): Promise<readonly string[]> {
  const { wanted, who, caller, via, doer } = ground;
  const path = ownUnit(ground);
  if (path === undefined) return [`there is no ${unitFile(who, caller.env, wanted.containerName)}`];
  const policy = restartPolicy(wanted.restart, false);
  if (dryRun)
    return [`would remove ${path}`, `would set the container's restart policy to ${policy}, if it is there`];
  await removeUnit(ground);
  const removed = `removed ${path}; the container itself goes on`;
  if (!(await isThere(ground))) return [removed];
  if (await tryTo(doer, ['update', `--restart=${policy}`, wanted.containerName]))
    return [removed, engineAlone(wanted, via)];
  // podman learned it late (5.1)
  return policy === 'no'
    ? [removed]
    : [
        removed,
        `this ${via.engine} cannot change a container's restart policy, which stays no: nobody starts the container again until it is made anew (${commandFor(ground, 'recreate')})`,
      ];
}

async function isThere(ground: Ground): Promise<boolean> {
  try {
    await findKept(ground);
    return true;
  } catch (thrown) {
    if (thrown instanceof Failure) return false;
    throw thrown;
  }
}
