import type { Client } from '../client/client.ts';
import { restoreTerminal, type TerminalState } from '../client/terminal-state.ts';
import type { Delivery, SessionControl } from '../control/session-control.ts';
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
  readonly unattributed: boolean;
  /** processes of which one may be the session after all: for the watchdog to look after */
  readonly suspects?: readonly string[];
  /** nobody could say whether the session is gone: it is left to the watchdog */
  readonly left?: boolean;
};

/** A signal that came, and its way into the session. */
export type Received = { readonly signal: HandledSignal; readonly delivery: Promise<Delivery> };

/** All that the end of a session needs to know. */
type EndedSession = {
  readonly client: Client;
  readonly clientEnd: ClientEnd;
  /** grows when more signals come meanwhile */
  readonly received: readonly Received[];
  readonly control: SessionControl;
  readonly session: {
    readonly terminal: boolean;
    readonly settings: TerminalState | undefined;
    readonly address: { readonly containerId: string };
  };
};

/** The client is gone: is the session, and what do we end with? */
export async function settle(ended: EndedSession): Promise<Outcome> {
  const { clientEnd, received } = ended;
  if (received.length > 0) return settleSignalled(ended);
  const code = codeOf(clientEnd);
  if (clientEnd.signal === null) {
    const suspects = mayLie(clientEnd) ? findSuspects(ended.client, ended.session.address.containerId) : [];
    // one may be ours, and is asked for; of several, in a crowd of calls, an exec each would cost more than the calls
    const state = suspects.length === 1 ? await ended.control.state() : 'unknown';
    const ending = ended.session.terminal ? endOfTerminalSession(code) : ({ kind: 'code', code } as const);
    if (state !== 'alive')
      return { ending, unattributed: true, suspects: state === 'unknown' ? suspects : [] };
  }
  // it died and took no one along: `| head -1`, somebody's kill
  await restoreSettings(ended);
  const left = (await ended.control.hangUp()) === 'unknown';
  const { signal } = clientEnd;
  return {
    ending: signal ? { kind: 'signal', signal } : { kind: 'code', code: codeOfKilledClient(code) },
    unattributed: false,
    left,
  };
}

async function settleSignalled(ended: EndedSession): Promise<Outcome> {
  const { clientEnd, received, control } = ended;
  // what a client's own code has told needs no delivery any more
  if (mayLie(clientEnd)) await received.at(-1)?.delivery;
  const state = mayLie(clientEnd) ? await control.state() : undefined;
  let left = state === 'unknown';
  if (state === 'alive') {
    await restoreSettings(ended);
    left = (await (isAskedToEnd(received) ? control.gone() : control.hangUp())) === 'unknown';
  }
  const lie = mayLie(clientEnd) ? await received.at(-1)?.delivery : undefined;
  const delivery = lie ?? { finding: 'unknown', clientFirst: true };
  const truthful = isTruthful({ client: clientEnd, delivery, state });
  if (!truthful) await restoreSettings(ended);
  return {
    ending: endAfterSignals(
      received.map(({ signal }) => signal),
      clientEnd,
      truthful,
    ),
    unattributed: false,
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
async function restoreSettings({ session }: EndedSession): Promise<void> {
  if (session.settings) await restoreTerminal(session.settings);
}
