import type { Context } from '../managed/apply/context.ts';
import { withFileFailure } from '../managed/apply/place.ts';
import { tryEngine } from '../managed/engine/commands.ts';
import { commandOf } from '../managed/file/command.ts';
import { restartPolicy } from '../managed/plan/identity.ts';
import { ownUnits, removeUnit } from '../managed/unit/install.ts';
import { unitFile } from '../managed/unit/place.ts';
import { engineAlone } from '../managed/unit/without.ts';
import { readRecord, writeRecord } from '../managed/write/record.ts';
import { Failure } from '../report/failure.ts';
import { findKept } from './find-kept.ts';

/**
 * Removes the unit; the container itself goes on, and its engine starts it again as the file says.
 * @param dryRun changes nothing
 * @returns what was done, or would be, for people
 * @throws {Failure} 125 when the unit is somebody else's
 */
export async function uninstall(
  context: Context,
  { dryRun }: { dryRun: boolean },
): Promise<readonly string[]> {
  const { wanted, who, caller, via, target } = context;
  const units = ownUnits(context);
  if (units.length === 0) return [`there is no ${unitFile(who, caller.env, wanted.containerName)}`];
  const paths = units.map(({ path }) => path).join(' and ');
  const policy = restartPolicy(wanted.restart, false);
  if (dryRun)
    return [`would remove ${paths}`, `would set the container's restart policy to ${policy}, if it is there`];
  for (const unit of units) await removeUnit(unit, context);
  forgetUnit(context);
  const removed = `removed ${paths}; the container itself goes on`;
  if (!(await isThere(context))) return [removed];
  if (await tryEngine(target, ['update', `--restart=${policy}`, wanted.containerName]))
    return [removed, engineAlone(wanted, via)];
  // podman learned it late (5.1)
  return policy === 'no'
    ? [removed]
    : [
        removed,
        `this ${via.engine} cannot change a container's restart policy, which stays no: nobody starts the container again until it is made anew (${commandOf(context.wanted, 'recreate')})`,
      ];
}

/** Another state directory's container may get a unit of that name. */
function forgetUnit({ place, wanted, who }: Context): void {
  const { unit, ...record } = readRecord(place, wanted.stateDir);
  if (unit !== undefined) withFileFailure(place, () => writeRecord(place, record, who.uid, who.gid));
}

async function isThere(context: Context): Promise<boolean> {
  try {
    await findKept(context);
    return true;
  } catch (thrown) {
    if (thrown instanceof Failure) return false;
    throw thrown;
  }
}
