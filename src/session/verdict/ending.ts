import { constants } from 'node:os';
import type { Finding } from '../control/control-script.ts';
import type { Delivery } from '../control/session-control.ts';

/** How the shim ends: with a code, or by a signal as a local program would. */
export type Ending =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals };

/** How the engine's client ended. */
export type ClientEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

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
export function mayLie({ code, signal }: ClientEnd): boolean {
  return signal !== null || [0, 1, 2, 125, 255].includes(code ?? 255);
}

/** Did the client end because the session did? Decided from the last delivery, and from a look where it may lie. */
export function isTruthful(facts: {
  client: ClientEnd;
  delivery: Delivery;
  state: Finding | undefined;
}): boolean {
  const { client, delivery, state } = facts;
  if (!mayLie(client)) return true;
  const first = delivery.clientFirst && delivery.finding === 'delivered';
  return client.signal === null && state === 'gone' && !first;
}

/**
 * How a session ended that signals were sent to. Where the client's word counts, it is the session's code, and the
 * shim ends by the signal itself if that is how the session ended, as a local program would (a shell's loop stops
 * at a death by SIGINT, not at exit 130). Where it does not count, never 0.
 * @param received in the order of their coming, not empty
 */
export function endAfterSignals(
  received: readonly NodeJS.Signals[],
  client: ClientEnd,
  truthful: boolean,
): Ending {
  const code = codeOf(client);
  const by = truthful ? received.find((signal) => code === 128 + numberOf(signal)) : received.at(-1);
  return by === undefined ? { kind: 'code', code } : { kind: 'signal', signal: by };
}

/** The code of a client that ended while its session went on: its own, but never 0, by which TERM ends it. */
export function codeOfKilledClient(code: number): number {
  return code === 0 ? 128 + numberOf('SIGTERM') : code;
}

/**
 * How a session in a terminal ended that nobody sent a signal to. The keyboard's INT and QUIT go in as bytes there, so
 * 130 and 131 say that hermes died of one: then so do we, and a shell's loop stops.
 */
export function endOfTerminalSession(code: number): Ending {
  if (code === 128 + numberOf('SIGINT')) return { kind: 'signal', signal: 'SIGINT' };
  if (code === 128 + numberOf('SIGQUIT')) return { kind: 'signal', signal: 'SIGQUIT' };
  return { kind: 'code', code };
}
