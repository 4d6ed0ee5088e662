import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { textOf } from '../../system/text-of.ts';
import type { Context } from '../apply/context.ts';
import { withFileFailure } from '../apply/place.ts';
import type { Step } from '../plan/steps.ts';
import { writeFile } from '../write/beneath.ts';
import { withRoot } from '../write/dir.ts';
import { readRecord } from '../write/record.ts';
import { hasSystemd, nameBefore, unitFile } from './place.ts';
import { hasInHand, systemctl, unitState } from './systemctl.ts';
import { unitMarker, unitName } from './text.ts';

/** The unit of a container. */
type Unit = Pick<Extract<Step, { kind: 'drop-unit' }>, 'path' | 'containerName'>;

/**
 * Writes the unit and lets systemd start the container at boot. Now it is started by whoever asked for this.
 * @throws {Failure} 125 with systemctl's words; then the unit is what it was before, or not there
 */
export async function install(
  { path, text }: { path: string; text: string },
  context: Context,
): Promise<void> {
  const present = textOf(path);
  if (present !== text) write(path, text, context);
  try {
    await systemctl(context, ['daemon-reload']);
    await systemctl(context, ['enable', unitName(context.wanted.containerName)]);
  } catch (thrown) {
    // by the file the engine would be told to leave the container to a unit that nobody starts
    if (present === undefined) rmSync(path, { force: true });
    // and the next run has to see that systemd was not told
    else if (present !== text) write(path, present, context);
    throw thrown;
  }
}

function write(path: string, text: string, { who }: Context): void {
  withFileFailure(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    const ownership = { uid: who.uid, gid: who.gid, mode: 0o644 };
    withRoot(dirname(path), (dir) => writeFile(dir, basename(path), text, ownership));
  });
}

/**
 * Removes a unit, and nothing else. The container goes on.
 * @throws {Failure} 125
 */
export async function removeUnit({ path, containerName }: Unit, context: Context): Promise<void> {
  if (hasSystemd()) await systemctl(context, ['disable', unitName(containerName)]);
  withFileFailure(path, () => rmSync(path));
  if (hasSystemd()) await systemctl(context, ['daemon-reload']);
}

/**
 * Stops and removes the unit of what the container was called before.
 * @throws {Failure} 125
 */
export async function dropUnit(unit: Unit, context: Context): Promise<void> {
  const { containerName } = unit;
  // without its container it tries to start that again and again
  if (hasInHand(await unitState(context, containerName)))
    await systemctl(context, ['stop', unitName(containerName)]);
  await removeUnit(unit, context);
}

/**
 * The units that we wrote for this container: under its name, and under the one that it had before.
 * @throws {Failure} 125 when that with its name is somebody else's
 */
export function ownUnits(context: Context): readonly Unit[] {
  const { wanted, who, caller, place } = context;
  const path = unitFile(who, caller.env, wanted.containerName);
  const present = textOf(path);
  if (present !== undefined && !present.startsWith(unitMarker)) throw foreign(path);
  const before = nameBefore(context, readRecord(place, wanted.stateDir));
  return [
    ...(present === undefined ? [] : [{ path, containerName: wanted.containerName }]),
    ...(before === undefined ? [] : [{ path: unitFile(who, caller.env, before), containerName: before }]),
  ];
}

/** The failure where a unit that is somebody else's has the name. */
export function foreign(path: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${path} is there and was not written by hermes-shim`, [
    { label: 'look', text: `cat ${quoteWord(path)}` },
    { label: 'put it aside', text: `mv ${quoteWord(path)} ${quoteWord(`${path}.old`)}` },
  ]);
}
