import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import { type Client, startClient, withIgnored } from './client.ts';
import type { ClientEnd } from './ending.ts';
import { pauseOrResume } from './job-control.ts';
import { type Address, graceSeconds, openMessenger } from './messenger.ts';
import { type Outcome, type Received, settle } from './settle.ts';
import { addressee, type HandledSignal, handledSignals } from './signals.ts';
import { relayStdin } from './stdin-relay.ts';
import type { TerminalState } from './terminal-state.ts';
import type { Watchdog } from './watchdog.ts';

/** A session to run: its command line and what the shim needs to look after it. */
export type Session = {
  readonly command: readonly string[];
  readonly address: Address;
  readonly terminal: boolean;
  readonly stdin: 'inherit' | 'ignore';
  readonly stdinTerminal: boolean;
  /** the terminal's settings from before, in a terminal session */
  readonly settings: TerminalState | undefined;
};

/** Runs one session from the client's start to the session's end, whatever ends it. */
export async function runSession(session: Session, caller: Caller, watchdog: Watchdog): Promise<Outcome> {
  const { address, terminal } = session;
  let clientEnd: ClientEnd | undefined;
  const messenger = openMessenger(address, caller.env, () => clientEnd !== undefined);
  const received: Received[] = [];
  let client: Client | undefined;
  let grace: NodeJS.Timeout | undefined;

  const onSignal = (signal: HandledSignal): void => {
    trace(() => `received ${signal}`);
    if (signal === 'SIGTSTP' || signal === 'SIGCONT') {
      const readsTerminal = session.stdinTerminal && session.stdin === 'inherit';
      void pauseOrResume(signal, { via: address.via, readsTerminal }, client, messenger);
      return;
    }
    received.push({ signal, delivery: messenger.send(signal, addressee(signal, terminal)) });
    // after a hangup there is nobody to answer
    if (signal === 'SIGHUP') grace ??= setTimeout(() => void messenger.kill(), graceSeconds * 1000);
  };
  const signals = handledSignals(caller.ignored, terminal);
  for (const signal of signals) process.removeAllListeners(signal).on(signal, onSignal);

  // its own process session keeps a terminal's Ctrl-C away from it; in a terminal session it shares the terminal
  const detached = !terminal;
  const command = detached ? session.command : withIgnored(session.command, caller.ignored);
  const behindSudo = address.via.access.kind === 'sudo' && session.stdinTerminal && !terminal;
  const relay = behindSudo && session.stdin === 'inherit' ? await relayStdin() : undefined;
  const stdin = behindSudo ? (relay?.reader ?? 'ignore') : session.stdin;
  watchdog.guard(address);
  client = await startClient(command, { env: caller.env, stdin, detached });
  relay?.started();
  trace(() => `started ${address.via.engine} exec as ${client?.pid}`);
  watchdog.watch(client);
  clientEnd = await client.ended;
  relay?.end();
  trace(() => `the client ended: ${JSON.stringify(clientEnd)}`);
  const outcome = await settle({ client, clientEnd, received, messenger, session });
  clearTimeout(grace);
  watchdog.dismiss(outcome.suspects);
  for (const signal of signals) process.removeListener(signal, onSignal);
  return outcome;
}
