import type { ProbeResult } from '../engine/probe-result.ts';
import { exitCodes } from '../report/failure.ts';
import { trace } from '../report/trace.ts';
import type { IgnorableSignal } from '../route/caller.ts';
import type { Environment } from '../system/environment.ts';
import { listen } from '../system/listen.ts';
import { dieBy } from '../system/tied.ts';
import { type ExecSession, startExecSession } from './api/exec-session.ts';
import { type Client, startClient } from './client/client.ts';
import type { HeldStderr } from './client/held-stderr.ts';
import { openJobControl } from './client/job-control.ts';
import type { Address } from './control/control-script.ts';
import { graceSeconds, openSessionControl, patienceMs } from './control/session-control.ts';
import { addressee, type HandledSignal, handledSignals } from './control/signals.ts';
import { watchSilence } from './control/silence.ts';
import { watchUndeliverable } from './control/undeliverable.ts';
import type { Watchdog } from './control/watchdog.ts';
import type { Descriptors } from './plan/descriptors.ts';
import { startOf } from './plan/session-id.ts';
import { withIgnored } from './streams/ignore-signals.ts';
import { relayStdin } from './streams/stdin-relay.ts';
import { isTerminalClosed, restoreTerminal, type TerminalState } from './streams/terminal-state.ts';
import type { ClientEnd } from './verdict/ending.ts';
import { type Outcome, type Received, settle } from './verdict/settle.ts';

/** A session to run: its command line and what the shim needs to look after it. */
export type Session = {
  /** by the engine's client */
  readonly command: readonly string[];
  /** by its API, where that is spoken */
  readonly overApi: Pick<ExecSession, 'api' | 'request'> | undefined;
  readonly descriptors: Pick<
    Descriptors,
    'stdinTerminal' | 'stdoutTerminal' | 'stderrTerminal' | 'stdinConsumed' | 'closed'
  >;
  readonly address: Address;
  readonly terminal: boolean;
  readonly stdin: 'inherit' | 'ignore';
  /** the terminal's settings from before, in a terminal session */
  readonly settings: TerminalState | undefined;
  /** takes the client's stderr until hermes has begun; only in a container that was recalled */
  readonly held?: HeldStderr | undefined;
  /** probes the container, where hermes does not begin */
  readonly look: () => Promise<ProbeResult>;
  /** for the engine's client and the control script's */
  readonly env: Environment;
  readonly ignored: readonly IgnorableSignal[];
  /** our `/proc/self/stat` from the beginning */
  readonly stat: string;
};

/** Runs one session from the client's start to the session's end, whatever ends it. */
export async function runSession(session: Session, watchdog: Watchdog): Promise<Outcome> {
  const { address, terminal, env } = session;
  let clientEnd: ClientEnd | undefined;
  const clientEnded = (): boolean => clientEnd !== undefined;
  const control = openSessionControl(address, env, { clientEnded, hungUp: watchdog.hungUp });
  const undeliverable = watchUndeliverable({ clientEnded });
  const received: Received[] = [];
  let client: Client | undefined;
  let grace: NodeJS.Timeout | undefined;
  const readsTerminal = session.descriptors.stdinTerminal && session.stdin === 'inherit';
  const job = openJobControl({ via: address.via, readsTerminal }, () => client, control);

  /** After a closed terminal there is nobody to answer; a HUP by `kill` is a signal like any other. */
  const afterGrace = async (): Promise<void> => {
    grace = undefined;
    if (!isTerminalClosed(session.stat, session.descriptors)) return;
    const killed = await control.kill();
    const endAnyway = (): void => undeliverable.giveUp('SIGHUP');
    if (killed === 'unknown') endAnyway();
    else grace = setTimeout(endAnyway, patienceMs);
  };
  const onSignal = (signal: HandledSignal): void => {
    trace(() => `received ${signal}`);
    if (signal === 'SIGTSTP' || signal === 'SIGCONT') {
      void job(signal);
      return;
    }
    const first = received.find((one) => one.signal === signal);
    if (signal === 'SIGHUP') grace ??= setTimeout(() => void afterGrace(), graceSeconds * 1000);
    // a session is hung up once
    const again = signal === 'SIGHUP' ? first?.delivery : undefined;
    const delivery = again ?? control.send(signal, addressee(signal, terminal));
    undeliverable.watch(signal, delivery);
    if (again === undefined) received.push({ signal, delivery, at: performance.now() });
  };
  const signals = handledSignals(session.ignored, terminal);
  listen(signals, onSignal);

  watchdog.guard(address);
  client = session.overApi
    ? startExecSession({ ...session.overApi, ...session.descriptors, settings: session.settings, watchdog })
    : await startProcess(session, watchdog).catch((thrown: unknown) => {
        // nothing was started, and nothing is left to do
        watchdog.dismiss();
        throw thrown;
      });
  trace(
    () => `started ${address.via.engine} exec ${client?.process ? `as ${client.process.pid}` : 'by the API'}`,
  );
  if (client.process) watchdog.watch(client.process);

  const untilSettled = async (running: Client): Promise<Outcome> => {
    clientEnd = await running.ended;
    trace(() => `the client ended: ${JSON.stringify(clientEnd)}`);
    return settle({ client: running, clientEnd, received, control, session });
  };
  // what a client's hermes begins with in a terminal goes to the terminal itself, and a person there has Ctrl-C
  const begun = client.begun ?? (terminal ? undefined : session.held?.started);
  const silence = begun && watchSilence(begun, session.look);
  // an engine's client that is ended asks for nothing more, and is waited for by the watchdog anyway
  let pending = client.begun !== undefined;
  void client.begun?.then(() => {
    pending = false;
  });
  const outcome = await Promise.race([
    untilSettled(client),
    undeliverable.givenUp,
    ...(silence ? [silence.silent] : []),
  ]);
  clearTimeout(grace);
  undeliverable.stop();
  silence?.stop();
  control.letGo();
  dieBy(signals);
  if (typeof outcome !== 'string' && 'ending' in outcome) {
    if (!outcome.left) watchdog.dismiss(outcome.suspects);
    return outcome;
  }
  trace(() => 'the session cannot be reached, and is left to the watchdog');
  if (pending) watchdog.pending();
  if (!clientEnded() && address.via.access.kind !== 'sudo') client.signal('SIGKILL');
  if (session.settings) await restoreTerminal(session.settings);
  if (typeof outcome === 'string')
    return { ending: { kind: 'signal', signal: outcome }, unattributed: false };
  const code = exitCodes.cannotRoute;
  return { ending: { kind: 'code', code }, unattributed: false, fate: { is: 'silent', ...outcome } };
}

/** Starts the engine's client. Behind sudo it is root's, and does not get every stdin itself. */
async function startProcess(session: Session, watchdog: Watchdog): Promise<Client> {
  const { terminal, env, address, descriptors, held } = session;
  const { access } = address.via;
  // its own process session keeps a terminal's Ctrl-C away from it; in a terminal session it shares the terminal
  const detached = !terminal;
  const command = detached ? session.command : withIgnored(session.command, session.ignored);
  const start = (stdin: Parameters<typeof startClient>[1]['stdin']): Promise<Client> =>
    startClient(command, { env, stdin, detached, held });
  if (terminal || access.kind !== 'sudo' || session.stdin === 'ignore') return start(session.stdin);
  if (descriptors.stdinTerminal) {
    const relay = await relayStdin();
    if (relay?.pid !== undefined) watchdog.watch({ pid: relay.pid, start: startOf(relay.pid) });
    const client = await start(relay?.reader ?? 'ignore').catch((thrown: unknown) => {
      relay?.end();
      throw thrown;
    });
    relay?.started();
    void client.ended.then(() => relay?.end());
    return client;
  }
  if (!held || !descriptors.stdinConsumed || access.tool !== 'sudo') return start('inherit');
  const { feedWhenBegun } = await import('./client/stdin-feed.ts');
  return start(feedWhenBegun(held, watchdog));
}
