import { posix } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { quoteCommand } from '../report/quote.ts';
import type { Caller } from '../route/caller.ts';
import { type Answer, bold, type OutputStyle, paint } from './answer.ts';
import { userName } from './owner.ts';
import { findDestination, isOrphan, listSessions, type Running, type Sessions } from './sessions.ts';
import { layTable, shortAge } from './table.ts';

/** Lists the sessions in the container, the orphans among them, and what detached itself. */
export async function ps(caller: Caller): Promise<Answer> {
  const place = await findDestination(caller);
  const found = await listSessions(place, caller);
  const names = await nameUsers(found);
  const { container } = place.reached;
  return {
    code: 0,
    json: {
      container: container.name,
      sessions: found.sessions.map((running) => runningJson(running, names)),
      detached: found.detached.map((running) => runningJson(running, names)),
    },
    text: (style) => formatSessions(found, names, container.name, style),
  };
}

type Names = ReadonlyMap<number, string>;

/** The names of the users whose shims are alive. */
export async function nameUsers({ sessions, detached }: Sessions): Promise<Names> {
  const uids = [...sessions, ...detached].flatMap(({ owner }) =>
    owner.state === 'alive' ? [owner.uid] : [],
  );
  return new Map(
    await Promise.all([...new Set(uids)].map(async (uid) => [uid, await userName(uid)] as const)),
  );
}

/** One process as `--json` has it. */
export function runningJson(running: Running, names: Names): Readonly<Record<string, unknown>> {
  const { owner } = running;
  return {
    pid: running.pid,
    session: running.sessionId,
    ageSeconds: running.ageSeconds,
    args: running.args,
    terminal: running.terminal,
    orphan: isOrphan(running),
    hostPid: owner.pid ?? null,
    hostUser: owner.state === 'alive' ? (names.get(owner.uid) ?? String(owner.uid)) : null,
    host: owner.state,
  };
}

/** What runs hermes where it is a script, and hides it behind its own name. */
const interpreters = /^(python[0-9.]*|bash|dash|sh|ash|busybox|env|node)$/;

/**
 * A session's command as it was typed: `hermes chat` where the process is called
 * `/usr/bin/python3 /nix/store/…/bin/hermes chat` (Nix's wrapper calls it `.hermes-wrapped`). Quoted, not escaped.
 */
export function shownCommand(args: readonly string[]): string {
  for (const [index, arg] of args.entries()) {
    const base = posix.basename(arg);
    const name = /^\.?(hermes(?:-agent|-acp)?)(?:-wrapped)?$/.exec(base)?.[1];
    if (name !== undefined) return quoteCommand([name, ...args.slice(index + 1)]);
    if (!interpreters.test(base) && !arg.startsWith('-')) break;
  }
  return quoteCommand(args);
}

const heading = ['PID', 'AGE', 'TERMINAL', 'HOST PID', 'USER', 'COMMAND'];

/** One process as a row of the table. */
export function runningRow({ owner, ...running }: Running, names: Names): readonly string[] {
  const user = owner.state === 'alive' ? (names.get(owner.uid) ?? String(owner.uid)) : '-';
  return [
    String(running.pid),
    shortAge(running.ageSeconds),
    running.terminal ? 'yes' : 'no',
    owner.state === 'alive' ? String(owner.pid) : owner.state,
    user,
    escapeControls(shownCommand(running.args), 160),
  ];
}

/** The table of processes under the names of their columns. */
export function runningTable(running: readonly Running[], names: Names): string {
  return layTable([heading, ...running.map((one) => runningRow(one, names))]);
}

function formatSessions(
  { sessions, detached }: Sessions,
  names: Names,
  container: string,
  style: OutputStyle,
): string {
  const orphans = sessions.filter(isOrphan);
  const strangers = sessions.filter(({ owner }) => owner.state === 'unknown').length;
  const parts = [
    sessions.length > 0 ? runningTable(sessions, names) : `No sessions in container '${container}'.\n`,
    orphans.length > 0
      ? `${paint(orphans.length === 1 ? '1 orphan' : `${orphans.length} orphans`, 33, style)}: the host process is gone. End with:  hermes-shim reap\n`
      : '',
    strangers > 0
      ? `${strangers} started where this user cannot look: in another pid namespace (a container, a sandbox), on another host, by an older version, or by others under hidepid. hermes-shim reap leaves them alone.\n`
      : '',
    detached.length > 0
      ? `${bold('Detached or left behind by a session', style)} (reap --detached ends those whose caller is gone):\n${runningTable(detached, names)}`
      : '',
  ];
  return parts.filter(Boolean).join('\n');
}
