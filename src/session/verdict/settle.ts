import type { Client } from '../client/client.ts';
import { restoreTerminal, type TerminalState } from '../client/terminal-state.ts';
import type { Delivery, Messenger } from '../control/session-control.ts';
import type { HandledSignal } from '../control/signals.ts';
import {
  type ClientEnd,
  codeOf,
  codeOfKilledClient,
  type Ending,
  endAfterSignals,
  endOfTerminalSession,
  isTruthful,
  mayLie,
} from './ending.ts';
import { findSuspects } from './survivor.ts';

/** How a session came to its end. */
export type Outcome = {
  readonly ending: Ending;
  /** the code is the client's and no signal was involved */
  readonly ownWord: boolean;
  /** processes of which one may be the session after all: for the watchdog to look after */
  readonly suspects?: readonly string[];
  /** nobody could say whether the session is gone: it is left to the watchdog */
  readonly left?: boolean;
};

/** A signal that came, and its way into the session. */
export type Received = { readonly signal: HandledSignal; readonly delivery: Promise<Delivery> };

/** All that the end of a session needs to know. */
type Aftercare = {
  readonly client: Client;
  readonly clientEnd: ClientEnd;
  /** grows when more signals come meanwhile */
  readonly received: readonly Received[];
  readonly messenger: Messenger;
  readonly session: {
    readonly terminal: boolean;
    readonly settings: TerminalState | undefined;
    readonly address: { readonly containerId: string };
  };
};

/** The client is gone: is the session, and what do we end with? */
export async function settle(care: Aftercare): Promise<Outcome> {
  const { clientEnd, received } = care;
  if (received.length > 0) return settleSignalled(care);
  const code = codeOf(clientEnd);
  if (clientEnd.signal === null) {
    const suspects = mayLie(clientEnd) ? findSuspects(care.client, care.session.address.containerId) : [];
    // one may be ours, and is asked for; of several, in a crowd of calls, an exec each would cost more than the calls
    const state = suspects.length === 1 ? await care.messenger.state() : 'unknown';
    const ending = care.session.terminal ? endOfTerminalSession(code) : ({ kind: 'code', code } as const);
    if (state !== 'alive') return { ending, ownWord: true, suspects: state === 'unknown' ? suspects : [] };
  }
  // it died and took no one along: `| head -1`, somebody's kill
  await putRight(care);
  const left = (await care.messenger.hangUp()) === 'unknown';
  const { signal } = clientEnd;
  return {
    ending: signal ? { kind: 'signal', signal } : { kind: 'code', code: codeOfKilledClient(code) },
    ownWord: false,
    left,
  };
}

async function settleSignalled(care: Aftercare): Promise<Outcome> {
  const { clientEnd, received, messenger } = care;
  // what a client's own code has told needs no delivery any more
  if (mayLie(clientEnd)) await received.at(-1)?.delivery;
  const state = mayLie(clientEnd) ? await messenger.state() : undefined;
  let left = state === 'unknown';
  if (state === 'alive') {
    await putRight(care);
    left = (await (isAskedToEnd(received) ? messenger.gone() : messenger.hangUp())) === 'unknown';
  }
  const lie = mayLie(clientEnd) ? await received.at(-1)?.delivery : undefined;
  const delivery = lie ?? { finding: 'unknown', clientFirst: true };
  const truthful = isTruthful({ client: clientEnd, delivery, state });
  if (!truthful) await putRight(care);
  return {
    ending: endAfterSignals(
      received.map(({ signal }) => signal),
      clientEnd,
      truthful,
    ),
    ownWord: false,
    left,
  };
}

/** Was it asked to end in a way that leaves the when to it? Nobody is there any more after a hangup, or USR1 alone. */
function isAskedToEnd(received: readonly Received[]): boolean {
  const asks: readonly HandledSignal[] = ['SIGINT', 'SIGQUIT', 'SIGTERM'];
  return received.some(({ signal }) => asks.includes(signal)) && !received.some(isHangup);
}

const isHangup = ({ signal }: Received): boolean => signal === 'SIGHUP';

/** A client that was killed leaves the terminal raw. */
async function putRight({ session }: Aftercare): Promise<void> {
  if (session.settings) await restoreTerminal(session.settings);
}
