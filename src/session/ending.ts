import { constants } from 'node:os';
import type { Finding } from './messenger.ts';

/** How the shim ends: with a code, or by a signal as a local program would. */
export type Ending =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals };

/** How the engine's client ended. */
export type ClientEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A signal's number on this system. */
export function numberOf(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}

/** What an engine's client says: its code, or 128+n where it was itself ended by signal n. */
export function codeOf({ code, signal }: ClientEnd): number {
  return code ?? (signal ? 128 + numberOf(signal) : 255);
}

/**
 * How a session ended that signals were sent to. Engine clients lie: TERM makes both exit 0, INT docker's 0 and
 * podman's 1; so the client's word counts only when it was the first process's end that ended it.
 * @param signal the last one received
 * @param truthful the client outlived the delivery, and the first process is gone
 */
export function endAfterSignal(signal: NodeJS.Signals, client: ClientEnd, truthful: boolean): Ending {
  const code = codeOf(client);
  if (!truthful || code === 128 + numberOf(signal) || client.signal !== null)
    return { kind: 'signal', signal };
  return { kind: 'code', code };
}

/** Did the client end because the session did? `early`: it was gone before the signal was delivered. */
export function isTruthful(facts: { early: boolean; delivery: Finding; state: Finding }): boolean {
  if (facts.state === 'alive' || facts.state === 'never') return false;
  return !(facts.early && facts.delivery === 'delivered');
}
