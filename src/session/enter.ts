import { posix } from 'node:path';
import type { Reached } from '../engine/reach.ts';
import { quoteCommand } from '../report/quote.ts';
import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import { commandInContainer } from '../route/name.ts';
import { realPath } from '../system/real-path.ts';
import { statField } from '../system/stat.ts';
import type { TerminalState } from './client/terminal-state.ts';
import { startWatchdog, type Watchdog } from './control/watchdog.ts';
import { toWire } from './plan/bytes.ts';
import { type Plan, sessionCommand, sessionRequest } from './plan/command.ts';
import { chooseConnection, type Descriptors } from './plan/descriptors.ts';
import { currentDirectory, startDirectories } from './plan/directory.ts';
import { clientEnvironment, pickForwarded } from './plan/environment.ts';
import { newSessionId } from './plan/session-id.ts';
import { runSession, type Session } from './run.ts';
import { isAmbiguous } from './verdict/ambiguity.ts';
import type { Ending } from './verdict/ending.ts';

/**
 * Puts together all that decides the session's command line. Touches nothing but the current directory's name.
 * @param sized the caller's terminal, if any, has a size
 */
export function planSession(
  reached: Reached,
  route: ContainerRoute,
  caller: Caller,
  descriptors: Descriptors,
  sized = true,
): Plan {
  const { container, containerHome, user, via } = reached;
  const { bin, args } = commandInContainer(caller.name, route.metadata.hermesBin, caller.args);
  const own = toWire(caller.args);
  const given = args.slice(0, args.length - caller.args.length);
  const local = containerHome !== undefined;
  const forwarded = pickForwarded(caller.env);
  return {
    via,
    containerId: container.id,
    connection: chooseConnection(descriptors, caller.env),
    forwarded,
    sized,
    profileHome:
      route.profile === undefined || !local
        ? undefined
        : posix.join(containerHome, 'profiles', route.profile),
    instructions: {
      sessionId: newSessionId(caller.stat),
      umask: process.umask(),
      user,
      niceness: Number(statField(caller.stat, 19)),
      ignored: caller.ignored,
      closed: descriptors.closed,
      encodedNames: forwarded.encoded,
      start: startDirectories(container, local ? currentDirectory() : undefined, realPath, containerHome),
      bin,
      args: [...given, ...own.args],
      encoded: own.encoded,
      secrets: forwarded.secret.length > 0,
    },
  };
}

/** What was made ready beside the probe, where it cost no time. */
export type Prepared = {
  readonly watchdog: Watchdog;
  /** the terminal's settings as they were before, where there is one */
  readonly settings: TerminalState | undefined;
};

/** What came of it. `not-started`: the engine refused, and it may be that only something is not there yet. */
export type Entered = { readonly kind: 'ended'; readonly ending: Ending } | { readonly kind: 'not-started' };

/**
 * Runs hermes in the container and says how it ended.
 * @param again whether it was not started before: then there is no `not-started` any more, but a failure
 * @throws {Failure} where hermes was not started
 */
export async function enterContainer(
  reached: Reached,
  route: ContainerRoute,
  caller: Caller,
  descriptors: Descriptors,
  prepared: Prepared,
  again = false,
): Promise<Entered> {
  const { via } = reached;
  // where the size comes late it is waited for, so it must be known whether there is one; and some engines take it at once
  const waits = via.engine === 'docker' || via.api !== undefined;
  const terminalBefore = waits ? await prepared.settings : undefined;
  const plan = planSession(reached, route, caller, descriptors, terminalBefore?.sized);
  const { secret } = plan.forwarded;
  const command = sessionCommand(plan);
  const { api } = via;
  trace(() => `runs ${quoteCommand(command)}${api ? `, by the API on ${api.socket}` : ''}`);
  const { sessionId } = plan.instructions;
  const address = { via, containerId: plan.containerId, user: reached.user, sessionId };
  const { terminal, stdin } = plan.connection;
  const session: Session = {
    command,
    overApi: api && { api, request: sessionRequest(plan, api, terminalBefore?.size) },
    descriptors,
    address,
    terminal,
    stdin,
    settings: terminal ? prepared.settings : undefined,
    env: clientEnvironment(caller.env, plan.forwarded),
    ignored: caller.ignored,
    stat: caller.stat,
  };
  const secrets = secret.length > 0 ? await import('./control/secrets.ts') : undefined;
  const begunMs = Date.now();
  const running = runSession(session, prepared.watchdog);
  const { ending, unattributed, fate } = await (secrets?.handSecrets(running, {
    secret,
    address,
    env: caller.env,
  }) ?? running);
  const long = (): boolean => isLong(command, plan.forwarded);
  if (fate?.is === 'never') {
    const { explainNeverStarted } = await import('./verdict/never-started.ts');
    const failure = await explainNeverStarted({ fate, reached, route, caller, long: long(), again });
    if (failure) throw failure;
    return { kind: 'not-started' };
  }
  if (fate?.is === 'alive') {
    const { tellAbandoned } = await import('./verdict/abandoned.ts');
    return { kind: 'ended', ending: await tellAbandoned({ ending, fate, via, route, caller }) };
  }
  const ended: Entered = { kind: 'ended', ending };
  if (!unattributed || ending.kind !== 'code') return ended;
  const ambiguous = isAmbiguous(ending.code, via) || fate?.is === 'unknown';
  // Engines' clients end with 1 where the arguments are too long for the container.
  if (!ambiguous && (ending.code !== 1 || api)) return ended;
  if (!ambiguous && !long()) return ended;
  const { attributeExitStatus } = await import('./verdict/exit-status.ts');
  const { bin } = plan.instructions;
  const settled = await attributeExitStatus(
    { code: ending.code, address, container: reached.container, bin, route, begunMs, long: long() },
    caller.env,
  );
  if (settled === 'own') return ended;
  // The engine knows no such user, and it is proven that nothing was started: once more, by the container's numbers.
  const anew = { ...prepared, watchdog: startWatchdog(caller.env) };
  return enterContainer({ ...reached, user: settled.user }, route, caller, descriptors, anew, again);
}

/**
 * The same in a container of which it is known that nothing is missing.
 * @throws {Failure} where hermes was not started
 */
export async function enterReadyContainer(
  ...[reached, route, caller, descriptors, prepared]: [Reached, ContainerRoute, Caller, Descriptors, Prepared]
): Promise<Ending> {
  const entered = await enterContainer(reached, route, caller, descriptors, prepared, true);
  if (entered.kind === 'ended') return entered.ending;
  throw new Error('a start came to no end');
}

/** So many bytes of arguments and environment every system takes (execve(2)). */
const alwaysTaken = 128 * 1024;

/** May this command line, with the variables that go along, be too long for somebody on its way into the container? */
function isLong(command: readonly string[], { plain, secret }: Plan['forwarded']): boolean {
  const words = [...command, ...[...plain, ...secret].flat()];
  return words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0) > alwaysTaken;
}
