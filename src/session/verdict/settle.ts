import type { Client } from '../client/client.ts';
import { type Delivery, patienceMs, type SessionControl } from '../control/session-control.ts';
import { endingSignals, type HandledSignal } from '../control/signals.ts';
import { restoreTerminal, type TerminalState } from '../streams/terminal-state.ts';
import {
  type ClientEnd,
  codeOf,
  codeOfKilledClient,
  type Ending,
  endAfterSignals,
  endedWithSession,
  endOfTerminalSession,
  type Fate,
  sessionMayLive,
} from './ending.ts';
import { findSuspects } from './survivor.ts';

/** How a session came to its end. */
export type Outcome = {
  readonly ending: Ending;
  /** nobody signalled, and the code is what the client ended with: it may still be the engine's own (`exit-status.ts`) */
  readonly unattributed: boolean;
  /** processes of the container of which one may be this session, still alive: the watchdog looks again */
  readonly suspects?: readonly string[];
  /** nobody could say whether the session is gone: it is left to the watchdog */
  readonly left?: boolean;
  /** what the engine's API knows of the session's end */
  readonly fate?: Fate | undefined;
};

/** A signal that came, and its way into the session. */
export type Received = {
  readonly signal: HandledSignal;
  readonly delivery: Promise<Delivery>;
  /** by `performance.now()`, in milliseconds */
  readonly at: number;
};

/** A session whose client has ended, with all that is needed to find out how the session did. */
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

/**
 * The engine's client has ended. Finds out whether the session has, too, ends it if it has not, and says how the shim
 * shall end.
 */
export async function settle(ended: EndedSession): Promise<Outcome> {
  const { clientEnd, received } = ended;
  const { fate } = clientEnd;
  // a session that goes on without us has lost its connection or an output: a signal of long ago, or one that asked for no
  // end, has nothing to do with that
  const goesOn = fate !== undefined && sessionMayLive(clientEnd);
  if (goesOn ? received.some(mayHaveEnded) : received.length > 0) return settleSignalled(ended);
  const code = codeOf(clientEnd);
  if (fate && fate.is !== 'alive') {
    const ending = ended.session.terminal ? endOfTerminalSession(code) : ({ kind: 'code', code } as const);
    return { ending, unattributed: true, left: fate.is === 'unknown', fate };
  }
  if (fate === undefined && clientEnd.signal === null) {
    const suspects = findSurvivors(ended);
    // Asking costs an exec. Several suspects are other calls' sessions, in a crowd: then only the watchdog looks again.
    const state = suspects.length === 1 ? await ended.control.state() : 'unknown';
    const ending = ended.session.terminal ? endOfTerminalSession(code) : ({ kind: 'code', code } as const);
    if (state !== 'alive')
      return { ending, unattributed: true, suspects: state === 'unknown' ? suspects : [] };
  }
  // The client died and the session is alive, or may be: its output was closed (`| head -1`), or somebody killed it.
  await restoreSettings(ended);
  const left = (await ended.control.hangUp()) === 'unknown';
  const { signal } = clientEnd;
  return {
    ending: signal ? { kind: 'signal', signal } : { kind: 'code', code: codeOfKilledClient(code) },
    unattributed: false,
    left,
    fate,
  };
}

/** Processes of the host of which one may be the session, where its client ended as one that lies. */
function findSurvivors({ client, clientEnd, session }: EndedSession): readonly string[] {
  if (client.process === undefined || !sessionMayLive(clientEnd)) return [];
  return findSuspects(client.process, session.address.containerId);
}

/** The same where signals came: engines' clients end at them with codes that say nothing of the session. */
async function settleSignalled(ended: EndedSession): Promise<Outcome> {
  const { clientEnd, received, control } = ended;
  // A code that only the session can have caused is believed: whether the signal arrived does not matter any more.
  if (sessionMayLive(clientEnd)) await received.at(-1)?.delivery;
  const state = sessionMayLive(clientEnd) ? await control.state() : undefined;
  let left = state === 'unknown';
  if (state === 'alive') {
    await restoreSettings(ended);
    left = (await (mayTakeItsTime(received) ? control.gone() : control.hangUp())) === 'unknown';
  }
  const lie = sessionMayLive(clientEnd) ? await received.at(-1)?.delivery : undefined;
  const delivery = lie ?? { finding: 'unknown', clientFirst: true };
  const believed = endedWithSession({ client: clientEnd, delivery, state });
  if (!believed) await restoreSettings(ended);
  return {
    ending: endAfterSignals(
      received.map(({ signal }) => signal),
      clientEnd,
      believed,
    ),
    unattributed: false,
    left,
  };
}

/**
 * May the session take its time to end? After INT, QUIT or TERM it may, as a local program. After a hangup nobody is
 * there to wait for it, and USR1 and USR2 did not ask it to end at all, though its client is gone.
 */
function mayTakeItsTime(received: readonly Received[]): boolean {
  return received.some(({ signal }) => endingSignals.includes(signal)) && !received.some(isHangup);
}

/** Longer than this, in milliseconds, no signal is on its way (`patienceMs`, `graceSeconds`). */
const recentMs = 2 * patienceMs;

const mayHaveEnded = ({ signal, at }: Received): boolean =>
  endingSignals.includes(signal) && performance.now() - at < recentMs;

const isHangup = ({ signal }: Received): boolean => signal === 'SIGHUP';

/** A client that was killed leaves the terminal in raw mode. */
async function restoreSettings({ session }: EndedSession): Promise<void> {
  if (session.settings) await restoreTerminal(session.settings);
}
