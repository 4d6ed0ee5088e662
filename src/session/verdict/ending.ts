import { constants } from 'node:os';
import type { Shortage } from '../../report/shortage.ts';
import type { Silence } from '../../system/patience.ts';
import type { Finding } from '../control/control-script.ts';
import type { Delivery } from '../control/session-control.ts';

/** How the shim ends: with a code, or by a signal as a local program would. */
export type Ending =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals };

/**
 * What is known of a session's end beyond a code: by the API always; of an engine's client only where what it said on
 * stderr proves that it started nothing, where that could not be written, or where it hung. `lost`: the container went
 * down under it. `alive`: it goes on without us, since the connection broke or an output could not be written (by this
 * error of the system's). `silent`: the engine hangs, and nobody knows whether it will start it. `never`: it was not
 * started, since the engine refused, or hermes is missing or not executable; the engine's words, not yet escaped; or
 * since we lack something (descriptors), by the system's code.
 */
export type Fate =
  | { readonly is: 'ended' | 'lost' | 'unknown' }
  | { readonly is: 'alive'; readonly unwritten?: string }
  | ({ readonly is: 'silent' } & Silence)
  | {
      readonly is: 'never';
      readonly why: 'refused' | 'missing' | 'forbidden';
      readonly words: string;
      readonly lacking?: Shortage;
    };

/** How the engine's client, or the connection in its place, ended. Mostly nobody knows what a client's end means: no `fate`. */
export type ClientEnd = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly fate?: Fate;
};

/** How a session ends where an output could not be written: as a local program, which its next write would have ended. */
export function endUnwritten(code: string): ClientEnd {
  if (code === 'EPIPE') return { code: null, signal: 'SIGPIPE', fate: { is: 'alive' } };
  return { code: 1, signal: null, fate: { is: 'alive', unwritten: code } };
}

/** A signal's number on this system. */
function numberOf(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}

/** What an engine's client says: its code, or 128+n where it was itself ended by signal n. */
export function codeOf({ code, signal }: ClientEnd): number {
  return code ?? (signal ? 128 + numberOf(signal) : 255);
}

/**
 * Codes with which an engine's client may end while the session goes on (measured): TERM makes both exit 0, INT
 * docker's 0 and podman's 1, QUIT 2; a full disk under an output docker's 1 and podman's 255. Any other code can only
 * have come from the session.
 */
export function sessionMayLive({ code, signal, fate }: ClientEnd): boolean {
  if (fate) return fate.is === 'alive' || fate.is === 'unknown';
  return signal !== null || [0, 1, 2, 125, 255].includes(code ?? 255);
}

/**
 * Did the client end because the session did, so that its code is the session's? Not if the session is still alive, and
 * not if the signal could still be delivered after the client had ended.
 * @param facts.state asked only where the session may live
 */
export function endedWithSession(facts: {
  client: ClientEnd;
  delivery: Delivery;
  state: Finding | undefined;
}): boolean {
  const { client, delivery, state } = facts;
  if (client.fate?.is === 'never') return false;
  if (!sessionMayLive(client)) return true;
  const first = delivery.clientFirst && delivery.finding === 'delivered';
  return client.signal === null && state === 'gone' && !first;
}

/**
 * How the shim ends after signals. Where the client ended with the session, its code is the session's; and if that says
 * that the session died of a signal, the shim ends by that very signal, as a local program would (a shell's loop stops
 * at a death by SIGINT, not at exit 130). Otherwise by the last signal, so never with 0.
 * @param received in the order of their coming, not empty
 */
export function endAfterSignals(
  received: readonly NodeJS.Signals[],
  client: ClientEnd,
  believed: boolean,
): Ending {
  const code = codeOf(client);
  const by = believed ? received.find((signal) => code === 128 + numberOf(signal)) : received.at(-1);
  return by === undefined ? { kind: 'code', code } : { kind: 'signal', signal: by };
}

/** The code of a client that ended while its session went on: its own, but TERM makes it exit 0, which would be a success. */
export function codeOfKilledClient(code: number): number {
  return code === 0 ? 128 + numberOf('SIGTERM') : code;
}

/**
 * How the shim ends after a session in a terminal, where no signal came to the shim itself: Ctrl-C and Ctrl-\ go in as
 * bytes. So 130 and 131 say that hermes died of one of them, and the shim ends by the same signal: a shell's loop stops.
 */
export function endOfTerminalSession(code: number): Ending {
  if (code === 128 + numberOf('SIGINT')) return { kind: 'signal', signal: 'SIGINT' };
  if (code === 128 + numberOf('SIGQUIT')) return { kind: 'signal', signal: 'SIGQUIT' };
  return { kind: 'code', code };
}
