import { textOf } from '../../system/text-of.ts';
import type { Context } from '../apply/context.ts';
import { commandOf } from '../file/command.ts';
import type { UnitFacts } from '../plan/unit.ts';
import { readRecord } from '../write/record.ts';
import { foreign } from './install.ts';
import { hasSystemd, nameBefore, unitFile } from './place.ts';
import { hasInHand, type UnitState, unitState } from './systemctl.ts';
import { unitMarker, unitText } from './text.ts';
import { engineAlone } from './without.ts';

/** Variables by which a client finds its engine. */
const engineVariables = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'CONTAINER_HOST', 'DOCKER_CONFIG'];

/**
 * What a plan has to know about the unit. Changes nothing.
 * @throws {Failure} 125 when one is to be installed and somebody else's has the name
 */
export async function lookAtUnit(context: Context): Promise<UnitFacts> {
  const { wanted, who, caller, via, place } = context;
  const state = await unitState(context);
  const idle = state.kind === 'known' && !hasInHand(state);
  const handedOver = endsUnseen(context) ? [firstCrash(context)] : [];
  const nothing = { install: undefined, drop: undefined, idle, handedOver, notes: [] };
  if (!hasSystemd()) {
    const alone = `there is no systemd here: ${engineAlone(wanted, via)}`;
    return context.install ? { ...nothing, notes: [alone] } : nothing;
  }
  const path = unitFile(who, caller.env, wanted.containerName);
  const present = textOf(path);
  const text = textFor(context);
  const before = nameBefore(context, readRecord(place, wanted.stateDir));
  const asked = context.install || before !== undefined;
  if (asked && present !== undefined && !present.startsWith(unitMarker)) throw foreign(path);
  const drop =
    before === undefined ? undefined : { path: unitFile(who, caller.env, before), containerName: before };
  const todo = unitTask({ asked, present, text, state });
  if (todo === 'leave') return nothing;
  if (todo === 'tell') return { ...nothing, notes: [outdated(path, context)] };
  return {
    install: { path, text, there: present !== undefined && present !== text },
    drop,
    // one that is not there yet has nothing in hand
    idle: present === undefined || idle,
    handedOver,
    notes: context.install && !wanted.asRoot ? [lingering(who.name)] : [],
  };
}

/**
 * Is the unit to be written? One of ours that says something else than the file is brought up to date unasked: systemd goes
 * by it. Pure.
 * @returns `tell` where it should be, and systemd cannot be asked
 */
export function unitTask(of: {
  readonly asked: boolean;
  readonly present: string | undefined;
  readonly text: string;
  readonly state: UnitState;
}): 'write' | 'leave' | 'tell' {
  const { asked, present, text, state } = of;
  if (asked) return 'write';
  if (!present?.startsWith(unitMarker) || present === text) return 'leave';
  return state.kind === 'known' ? 'write' : 'tell';
}

const outdated = (path: string, context: Context): string =>
  `${path} is not what the file says now, and systemd, which goes by it, cannot be asked from here; where it can: ${commandOf(context.wanted, 'up')}`;

function textFor({ wanted, caller, via }: Context): string {
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
function endsUnseen({ wanted, via }: Context): boolean {
  return via.engine === 'podman' && wanted.restart === 'on-failure';
}

const firstCrash = (context: Context): string =>
  `podman does not tell systemd how a container ended that ran before its unit, so its first failure is not made good (restart: on-failure), unless you restart it once: ${commandOf(context.wanted, 'restart')}`;

/** A user's services end with their last login, and begin with the first, unless they linger. */
const lingering = (name: string): string =>
  `yours starts when you log in and ends when you log out, unless: sudo loginctl enable-linger ${name}`;
