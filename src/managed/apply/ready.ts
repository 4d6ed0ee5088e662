import { realpathSync } from 'node:fs';
import type { Reached } from '../../engine/reach.ts';
import { reachContainer } from '../../engine/reach-container.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import { errorCode } from '../../system/error-code.ts';
import { commandOf } from '../file/command.ts';
import { parsedMetadata } from '../plan/access.ts';
import type { Facts } from '../plan/facts.ts';
import { toLayout, toPackage } from '../plan/layout.ts';
import type { Context } from './context.ts';
import { findOwner } from './owner.ts';

/** How long a container may take to set itself up, in seconds: the first start of one installs what it needs. */
const patienceSeconds = '60';

/**
 * The way into the container, for who needs nothing else: what is wrong with a file that `up` would copy, or with the room for
 * it, keeps nobody from a container that is there.
 * @throws {Failure} 125
 */
export async function findRoute(context: Context): Promise<ContainerRoute> {
  const { wanted, via } = context;
  const { owner } = await findOwner(context);
  const numbers = owner ?? { uid: -1, gid: -1 };
  // where the package really is does not matter for what lies in the container
  const hermes = wanted.package === undefined ? undefined : toPackage(wanted.package, wanted.package);
  return routeOf(context, { via, owner, layout: toLayout(wanted, numbers, hermes) });
}

/**
 * The way into the container that the file asks for, as the hot path would find it by the metadata.
 * @throws {Failure} 125 where the home is not there
 */
export function routeOf(context: Context, facts: Pick<Facts, 'via' | 'layout' | 'owner'>): ContainerRoute {
  const { wanted, who } = context;
  const home = realHome(context);
  return {
    kind: 'container',
    metadata: parsedMetadata(wanted, facts),
    file: wanted.file,
    homePath: home,
    homeRoot: home,
    profile: undefined,
    ownerUid: facts.owner?.uid ?? who.uid,
  };
}

function realHome(context: Context): string {
  const { home } = context.wanted;
  try {
    return realpathSync(home);
  } catch (error) {
    throw new Failure(
      exitCodes.cannotRoute,
      `the home ${escapeControls(home, 300)} cannot be reached (${errorCode(error)})`,
      [
        { label: 'look', text: `namei -l ${hintWord(home)}` },
        { label: 'make it', text: commandOf(context.wanted, 'up') },
      ],
    );
  }
}

/**
 * Waits until hermes can be run in the container, by the hot path's own looks.
 * @throws {Failure} what is wrong
 */
export async function reach({ caller }: Context, route: ContainerRoute): Promise<Reached> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const env = { HERMES_SHIM_WAIT: patienceSeconds, ...caller.env };
  return reachContainer(
    route,
    { ...caller, env },
    { interactive: terminal, spin: terminal && process.stderr.isTTY === true, verify: 'young' },
  );
}
