import { transportOf } from '../engine/transport/transport.ts';
import type { Caller } from '../route/caller.ts';
import { graceSeconds, openSessionControl } from '../session/control/session-control.ts';
import type { Answer } from './answer.ts';
import endDetached from './end-detached.sh';
import { nameUsers, runningJson, runningTable } from './ps.ts';
import type { ReapOptions } from './request.ts';
import {
  type Destination,
  findDestination,
  isOrphan,
  listSessions,
  type Running,
  type Sessions,
} from './sessions.ts';

/** Ends the sessions whose shim is gone, as a hangup would have: HUP, 10 s, KILL. With `--detached` also what they left. */
export async function reap(caller: Caller, { dryRun, detached }: ReapOptions): Promise<Answer> {
  const place = await findDestination(caller);
  const before = await listSessions(place, caller);
  const names = await nameUsers(before);
  const orphans = before.sessions.filter(isOrphan);
  const loose = detached ? before.detached.filter(isOrphan) : [];
  const targets = [...orphans, ...loose];
  if (!dryRun)
    await Promise.all([...orphans.map((one) => hangUp(one, place, caller)), endAll(loose, place, caller)]);
  const after: Sessions = dryRun || targets.length === 0 ? before : await listSessions(place, caller);
  const left = dryRun ? [] : targets.filter((one) => isThere(one, after));
  const kept = before.detached.length - loose.length;
  return {
    code: left.length > 0 ? 1 : 0,
    json: {
      container: place.reached.container.name,
      dryRun,
      ended: targets.filter((one) => !left.includes(one)).map((one) => runningJson(one, names)),
      left: left.map((one) => runningJson(one, names)),
      detachedKept: kept,
    },
    text: () => {
      const what = dryRun ? 'Would end' : 'Ended';
      const table =
        targets.length > 0 ? `${what} ${targets.length}:\n${runningTable(targets, names)}` : 'No orphans.\n';
      const rest = left.length > 0 ? `Still there:\n${runningTable(left, names)}` : '';
      const hint = kept > 0 ? `${kept} detached, left alone (hermes-shim ps shows them).\n` : '';
      return table + rest + hint;
    },
  };
}

function isThere(one: Running, { sessions, detached }: Sessions): boolean {
  return [...sessions, ...detached].some(({ pid, start }) => pid === one.pid && start === one.start);
}

async function hangUp({ sessionId }: Running, { reached }: Destination, caller: Caller): Promise<void> {
  const { container, user, via } = reached;
  const address = { via, containerId: container.id, user, sessionId };
  // whose client ended long ago
  await openSessionControl(address, caller.env, { clientEnded: () => true }).hangUp();
}

async function endAll(loose: readonly Running[], { reached }: Destination, caller: Caller): Promise<void> {
  if (loose.length === 0) return;
  const { container, user, via } = reached;
  const words = loose.flatMap(({ pid, start }) => [String(pid), start]);
  const args = [String(graceSeconds * 10), ...words];
  const script = { containerId: container.id, user, script: endDetached, name: 'hermes-reap', args };
  await transportOf(via, caller.env).runScript(script, { timeoutMs: (graceSeconds + 20) * 1000 });
}
