import type { Reached } from '../engine/reach.ts';
import { reachContainer } from '../engine/reach-container.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { type ContainerRoute, decideRoute } from '../route/decide.ts';
import { findOwner, type Owner, ownSight } from './owner.ts';
import { type ContainerProcess, type ProcessList, readProcessList } from './process-list.ts';

/** A process in the container, with the host process it belongs to. */
export type Running = ContainerProcess & { readonly owner: Owner; readonly ageSeconds: number };

/** What runs in the container: sessions by their first process, and what left its session on purpose. */
export type Sessions = { readonly sessions: readonly Running[]; readonly detached: readonly Running[] };

/** The kernel's clock ticks a second, as user space sees them on every Linux (USER_HZ, time(7)). */
const ticks = 100;

/** Nobody waits for this session any more: the shim that started it is gone, and its watchdog did not end it. */
export function isOrphan({ owner }: Running): boolean {
  return owner.state === 'gone';
}

/**
 * Sorts what was found. A process that carries a session's mark without being in the process session of a live
 * session called `setsid`, or was left behind when its session ended, as a local program's would be.
 */
export function sortSessions(
  { uptime, first, marked }: ProcessList,
  ownerOf: (id: string) => Owner,
): Sessions {
  const known = (entry: ContainerProcess): Running => ({
    ...entry,
    owner: ownerOf(entry.sessionId),
    ageSeconds: Math.max(0, Math.round(uptime - Number(entry.start) / ticks)),
  });
  const leaders = new Set(first.map(({ pid }) => pid));
  return {
    sessions: first.map(known),
    detached: marked.filter(({ sid }) => !leaders.has(sid)).map(known),
  };
}

/** Where hermes is routed to now, at once or not at all. */
export type Destination = { readonly route: ContainerRoute; readonly reached: Reached };

/**
 * Finds the container of this caller's home, without waiting for it.
 * @throws {Failure} there is none, or it cannot be reached: why, and what to do
 */
export async function findDestination(caller: Caller): Promise<Destination> {
  const route = await decideRoute(caller);
  if (route.kind === 'native') {
    throw new Failure(exitCodes.cannotRoute, `hermes runs on this host: ${route.why}`, [
      { label: 'see why', text: 'hermes-shim explain' },
      { label: 'use a container', text: 'hermes-shim enable' },
    ]);
  }
  const patient = { ...caller, env: { ...caller.env, HERMES_SHIM_WAIT: '0' } };
  return {
    route,
    reached: await reachContainer(route, patient, { interactive: false, spin: false, verify: 'young' }),
  };
}

/** Lists the sessions in a container. */
export async function listSessions({ reached }: Destination, caller: Caller): Promise<Sessions> {
  const list = await readProcessList(reached, caller.env);
  const sight = ownSight();
  return sortSessions(list, (id) => findOwner(id, sight));
}
