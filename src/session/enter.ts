import { forget, remember } from '../engine/known/known.ts';
import { probe } from '../engine/probe.ts';
import type { Reached } from '../engine/reach.ts';
import { quoteCommand } from '../report/quote.ts';
import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import type { Environment } from '../system/environment.ts';
import { alwaysTaken, sizeOf } from '../system/exec-size.ts';
import { type HeldStderr, holdStderr } from './client/held-stderr.ts';
import { startWatchdog, type Watchdog } from './control/watchdog.ts';
import { type Plan, sessionCommand, sessionRequest } from './plan/command.ts';
import type { Descriptors } from './plan/descriptors.ts';
import { clientEnvironment } from './plan/environment.ts';
import { planSession } from './plan/plan.ts';
import { runSession, type Session } from './run.ts';
import { saveTerminal, type TerminalState } from './streams/terminal-state.ts';
import { isAmbiguous } from './verdict/ambiguity.ts';
import type { Ending, Fate } from './verdict/ending.ts';
import { saysRefused } from './verdict/refusal.ts';

/** What was made ready beside the probe, where it cost no time. */
export type Prepared = {
  readonly watchdog: Watchdog;
  /** the terminal's settings as they were before, where there is one */
  readonly settings: TerminalState | undefined;
};

/** Makes it ready. @param terminal whether the session may have one */
export function prepare(env: Environment, terminal: boolean): Prepared {
  return { watchdog: startWatchdog(env), settings: terminal ? saveTerminal() : undefined };
}

/** What came of it. `not-started`: the engine refused, and it may be that only something is not there yet. */
export type Entered = { readonly kind: 'ended'; readonly ending: Ending } | { readonly kind: 'not-started' };

/**
 * Runs hermes in the container and says how it ended. Where the container was recalled and not probed, an engine that
 * refuses it proves nothing: the entry is forgotten, the refusal is not shown, and the caller probes.
 * @param again this is the second start: where hermes is not started either, that is a failure
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
  const { known, via, container } = reached;
  const call = { reached, route, caller, descriptors, prepared, again };
  if (!known?.recalled) return enter(call);
  const address = { via, containerId: container.id };
  const held = holdStderr(descriptors.stderrTerminal, (words) => saysRefused(words, address));
  let entered: Entered | undefined;
  try {
    entered = await enter(call, held);
    return entered;
  } finally {
    if (entered?.kind !== 'ended') forget(known.place);
    if (entered?.kind !== 'not-started') await held.release();
  }
}

type Call = {
  readonly reached: Reached;
  readonly route: ContainerRoute;
  readonly caller: Caller;
  readonly descriptors: Descriptors;
  readonly prepared: Prepared;
  readonly again: boolean;
};

async function enter(call: Call, held?: HeldStderr): Promise<Entered> {
  const { reached, route, caller, descriptors, prepared, again } = call;
  const { via, known } = reached;
  // where the size comes late it is waited for, so it must be known whether there is one; and some engines take it at once
  const waits = via.engine === 'docker' || via.api !== undefined;
  const terminalBefore = waits ? await prepared.settings : undefined;
  const plan = planSession(reached, route, caller, descriptors, terminalBefore?.sized);
  const { secret } = plan.forwarded;
  const { terminal, stdin } = plan.connection;
  const command = sessionCommand(plan, held && !terminal ? 'stderr' : undefined);
  const { api } = via;
  trace(() => `runs ${quoteCommand(command)}${api ? `, by the API on ${api.socket}` : ''}`);
  const { sessionId } = plan.instructions;
  const address = { via, containerId: plan.containerId, user: reached.user, sessionId };
  const env = clientEnvironment(caller.env, plan.forwarded);
  const session: Session = {
    command,
    overApi: api && { api, request: sessionRequest(plan, api, terminalBefore?.size) },
    descriptors,
    address,
    terminal,
    stdin,
    settings: terminal ? prepared.settings : undefined,
    held,
    look: () => probe(via, reached.container.name, { env: caller.env, id: reached.container.id }),
    // sudo's refusals are told apart by their words; it lets nothing of this environment through to hermes
    env: held && via.access.kind === 'sudo' ? { ...env, LC_ALL: 'C' } : env,
    ignored: caller.ignored,
    stat: caller.stat,
  };
  const secrets = secret.length > 0 ? await import('./control/secrets.ts') : undefined;
  const begunMs = Date.now();
  const running = runSession(session, prepared.watchdog);
  // while the client starts, where it costs no time
  if (known && !known.recalled && !api) remember(known.place, reached);
  const { ending, unattributed, fate } = await (secrets?.handSecrets(running, {
    secret,
    address,
    env: caller.env,
  }) ?? running);
  const long = (): boolean => isLong(command, plan.forwarded);
  if (fate?.is === 'never') {
    if (held) return { kind: 'not-started' };
    const { explainNeverStarted } = await import('./verdict/never-started.ts');
    const failure = await explainNeverStarted({ fate, reached, route, caller, long: long(), again });
    if (failure) throw failure;
    return { kind: 'not-started' };
  }
  if (fate?.is === 'silent') {
    const { explainHanging } = await import('./verdict/never-started.ts');
    throw await explainHanging(fate, via, route, caller);
  }
  const abandon = async (alive: Extract<Fate, { is: 'alive' }>): Promise<Entered> => {
    const { tellAbandoned } = await import('./verdict/abandoned.ts');
    return { kind: 'ended', ending: await tellAbandoned({ ending, fate: alive, via, route, caller }) };
  };
  if (fate?.is === 'alive') return abandon(fate);
  const ended: Entered = { kind: 'ended', ending };
  if (!unattributed || ending.kind !== 'code') return ended;
  const silent = held !== undefined && !terminal && !held.begun() && ending.code !== 0;
  const ambiguous = isAmbiguous(ending.code, via) || fate?.is === 'unknown' || silent;
  // Engines' clients end with 1 where the arguments are too long for the container.
  if (!ambiguous && (ending.code !== 1 || api)) return ended;
  if (!ambiguous && !long()) return ended;
  // gone where another version was installed meanwhile; the code stands, and it is hermes's in nearly every case
  const attribution = await import('./verdict/exit-status.ts').catch(() => undefined);
  if (attribution === undefined) return ended;
  const { bin } = plan.instructions;
  const settled = await attribution.attributeExitStatus(
    {
      code: ending.code,
      address,
      container: reached.container,
      bin,
      route,
      begunMs,
      long: long(),
      recalled: held !== undefined,
      begun: held?.begun() ?? false,
    },
    caller.env,
  );
  // nobody knows how it ended, and the watchdog ends it where it goes on
  if (settled === 'own' && fate?.is === 'unknown') return abandon({ is: 'alive' });
  if (settled === 'own') return ended;
  if (settled === 'not-started') return { kind: settled };
  // The engine knows no such user, and it is proven that nothing was started: once more, by the container's numbers.
  const anew = { ...prepared, watchdog: startWatchdog(caller.env) };
  return enter({ ...call, reached: { ...reached, user: settled.user }, prepared: anew });
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

/** May this command line, with the variables that go along, be too long for somebody on its way into the container? */
function isLong(command: readonly string[], { plain, secret }: Plan['forwarded']): boolean {
  return sizeOf([...command, ...[...plain, ...secret].flat()]) > alwaysTaken;
}
