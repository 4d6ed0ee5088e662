import type { EngineAccess } from '../engine/access.ts';
import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import { type Client, startClient, withIgnored } from './client.ts';
import { codeOf, type Ending, endAfterSignal, isTruthful } from './ending.ts';
import { type Address, type Finding, graceSeconds, openMessenger } from './messenger.ts';
import { addressee, type HandledSignal, handledSignals } from './signals.ts';
import { startWatchdog } from './watchdog.ts';

/** A session to run: its command line and what the shim needs to look after it. */
export type Session = {
  readonly command: readonly string[];
  readonly address: Address;
  readonly terminal: boolean;
  readonly stdin: 'inherit' | 'ignore';
  readonly stdinTerminal: boolean;
};

/** How a session came to its end; `ownWord`: the code is the client's and no signal was involved. */
export type Outcome = { readonly ending: Ending; readonly ownWord: boolean };

/**
 * The client's own process session keeps a terminal's Ctrl-C away from it. Not in a terminal session, which shares
 * the terminal, and not under sudo with a terminal, which sudo may want to see.
 */
export function isDetached(via: EngineAccess, session: Pick<Session, 'terminal' | 'stdinTerminal'>): boolean {
  return !session.terminal && !(via.access.kind === 'sudo' && session.stdinTerminal);
}

/** Runs one session from the client's start to the session's end, whatever ends it. */
export async function runSession(session: Session, caller: Caller): Promise<Outcome> {
  const { address, terminal } = session;
  const messenger = openMessenger(address, caller.env);
  const received: HandledSignal[] = [];
  const deliveries: Array<Promise<Finding>> = [];
  let client: Client | undefined;
  let clientGone = false;
  let firstEarly: boolean | undefined;
  let grace: NodeJS.Timeout | undefined;

  const onSignal = (signal: HandledSignal): void => {
    trace(() => `received ${signal}`);
    if (signal === 'SIGTSTP' || signal === 'SIGCONT') {
      pauseOrResume(signal, session, client, messenger);
      return;
    }
    received.push(signal);
    const delivery = messenger.send(signal, addressee(signal, terminal));
    deliveries.push(delivery);
    void delivery.then(() => {
      firstEarly ??= clientGone;
    });
    // after a hangup there is nobody to answer
    if (signal === 'SIGHUP') grace ??= setTimeout(() => void messenger.kill(), graceSeconds * 1000);
  };
  const signals = handledSignals(caller.ignored, terminal);
  for (const signal of signals) process.on(signal, onSignal);

  const detached = isDetached(address.via, session);
  const command = detached ? session.command : withIgnored(session.command, caller.ignored);
  client = await startClient(command, { env: caller.env, stdin: session.stdin, detached });
  trace(() => `started ${address.via.engine} exec as ${client?.pid}`);
  const watchdog = startWatchdog(client, address, caller.env);
  const clientEnd = await client.ended;
  clientGone = true;
  trace(() => `the client ended: ${JSON.stringify(clientEnd)}`);

  let outcome: Outcome;
  if (received.length > 0) {
    const findings = await Promise.all(deliveries);
    const state = await messenger.state();
    const last = received.at(-1) as NodeJS.Signals;
    if (state === 'alive') await (received.includes('SIGHUP') ? messenger.hangUp() : messenger.gone());
    const truthful = isTruthful({ early: firstEarly ?? true, delivery: findings[0] ?? 'unknown', state });
    outcome = { ending: endAfterSignal(last, clientEnd, truthful), ownWord: false };
  } else if (clientEnd.signal !== null) {
    // it died and took no one along: `| head -1`, somebody's kill
    await messenger.hangUp();
    outcome = { ending: { kind: 'signal', signal: clientEnd.signal }, ownWord: false };
  } else {
    outcome = { ending: { kind: 'code', code: codeOf(clientEnd) }, ownWord: true };
  }
  clearTimeout(grace);
  watchdog.dismiss();
  for (const signal of signals) process.removeListener(signal, onSignal);
  return outcome;
}

/** TSTP in an orphaned process group is ignored, so the session is stopped by STOP; a root-owned client never is. */
function pauseOrResume(
  signal: 'SIGTSTP' | 'SIGCONT',
  session: Session,
  client: Client | undefined,
  messenger: ReturnType<typeof openMessenger>,
): void {
  const own = session.address.via.access.kind === 'direct';
  const stop = signal === 'SIGTSTP';
  void messenger.send(stop ? 'SIGSTOP' : 'SIGCONT', 'group');
  if (own) client?.signal(stop ? 'SIGSTOP' : 'SIGCONT');
  if (stop) process.kill(process.pid, 'SIGSTOP');
}
