import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { commandFor, type Ground } from '../apply/ground.ts';
import { told } from '../apply/place.ts';
import type { UnitFacts } from '../plan/unit.ts';
import { writeFile } from '../write/beneath.ts';
import { withRoot } from '../write/dir.ts';
import { hasSystemd, readUnit, unitFile } from './place.ts';
import { hasInHand, systemctl, unitState } from './systemctl.ts';
import { unitMarker, unitName, unitText } from './text.ts';
import { engineAlone } from './without.ts';

/** Variables by which a client finds its engine. */
const engineVariables = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'CONTAINER_HOST', 'DOCKER_CONFIG'];

/**
 * What a plan has to know about the unit. Changes nothing.
 * @throws {Failure} 125 when one is to be installed and somebody else's has the name
 */
export async function lookAtUnit(ground: Ground): Promise<UnitFacts> {
  const { wanted, who, caller, via } = ground;
  const state = await unitState(ground);
  const idle = state !== undefined && !hasInHand(state);
  const handedOver = endsUnseen(ground) ? [firstCrash(ground)] : [];
  if (!ground.install) return { install: undefined, idle, handedOver, notes: [] };
  if (!hasSystemd()) {
    const alone = `there is no systemd here: ${engineAlone(wanted, via)}`;
    return { install: undefined, idle, handedOver, notes: [alone] };
  }
  const path = unitFile(who, caller.env, wanted.containerName);
  const present = readUnit(path);
  if (present !== undefined && !present.startsWith(unitMarker)) throw foreign(path);
  return {
    install: { path, text: textFor(ground) },
    // one that is not there yet has nothing in hand
    idle: present === undefined || idle,
    handedOver,
    notes: wanted.asRoot ? [] : [lingering(who.name)],
  };
}

function textFor({ wanted, caller, via }: Ground): string {
  const { containerName, restart, restartSec, asRoot } = wanted;
  const env = Object.fromEntries(
    engineVariables.flatMap((name) => (caller.env[name] ? [[name, caller.env[name]]] : [])),
  ) as Record<string, string>;
  return unitText({
    asRoot,
    engine: via.engine,
    binary: via.binary,
    containerName,
    restart,
    restartSec,
    env,
  });
}

/**
 * Would systemd miss that a container has failed which ran before its unit? podman's `start --attach` ends with 0 then,
 * whatever the container ended with (measured with 4.3.1; docker's with the container's own code).
 */
function endsUnseen({ wanted, via }: Ground): boolean {
  return via.engine === 'podman' && wanted.restart === 'on-failure';
}

const firstCrash = (ground: Ground): string =>
  `podman does not tell systemd how a container ended that ran before its unit, so its first failure is not made good (restart: on-failure), unless you restart it once: ${commandFor(ground, 'restart')}`;

/** A user's services end with their last login, and begin with the first, unless they linger. */
const lingering = (name: string): string =>
  `yours starts when you log in and ends when you log out, unless: sudo loginctl enable-linger ${name}`;

/**
 * Writes the unit and lets systemd start the container at boot. Now it is started by whoever asked for this.
 * @throws {Failure} 125 with systemctl's words; then the unit is not there either, unless it was before
 */
export async function install({ path, text }: { path: string; text: string }, ground: Ground): Promise<void> {
  const { who, wanted } = ground;
  const present = readUnit(path);
  if (present !== text)
    told(path, () => {
      mkdirSync(dirname(path), { recursive: true });
      const ownership = { uid: who.uid, gid: who.gid, mode: 0o644 };
      withRoot(dirname(path), (dir) => writeFile(dir, basename(path), text, ownership));
    });
  try {
    await systemctl(ground, ['daemon-reload']);
    await systemctl(ground, ['enable', unitName(wanted.containerName)]);
  } catch (thrown) {
    // by the file the engine would be told to leave the container to a unit that nobody starts
    if (present === undefined) rmSync(path, { force: true });
    throw thrown;
  }
}

/**
 * Removes the unit, and nothing else. The container goes on.
 * @returns was there one?
 * @throws {Failure} 125 when it is somebody else's
 */
export async function removeUnit(ground: Ground): Promise<boolean> {
  const path = ownUnit(ground);
  if (path === undefined) return false;
  if (hasSystemd()) await systemctl(ground, ['disable', unitName(ground.wanted.containerName)]);
  told(path, () => rmSync(path));
  if (hasSystemd()) await systemctl(ground, ['daemon-reload']);
  return true;
}

/**
 * The file of the unit that `--install` wrote; `undefined` where there is none.
 * @throws {Failure} 125 when it is somebody else's
 */
export function ownUnit({ wanted, who, caller }: Ground): string | undefined {
  const path = unitFile(who, caller.env, wanted.containerName);
  const present = readUnit(path);
  if (present !== undefined && !present.startsWith(unitMarker)) throw foreign(path);
  return present === undefined ? undefined : path;
}

function foreign(path: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${path} is there and was not written by hermes-shim`, [
    { label: 'look', text: `cat ${quoteWord(path)}` },
    { label: 'put it aside', text: `mv ${quoteWord(path)} ${quoteWord(`${path}.old`)}` },
  ]);
}
