import { escapeControls } from './escape.ts';
import { writeError } from './stderr.ts';

/** What a decision is about; the order of a call. */
export type Topic =
  | 'bypass'
  | 'inside'
  | 'home'
  | 'pin'
  | 'metadata'
  | 'engine'
  | 'access'
  | 'probe'
  | 'same home'
  | 'ready'
  | 'session';

type Listener = (topic: Topic | undefined, sentence: string) => void;

const enabled = process.env.HERMES_SHIM_DEBUG === '1';
let listener: Listener | undefined;

/** Hands every decision to a listener too: so `hermes-shim explain` tells what the hot path itself decided, and why. */
export function listen(next: Listener | undefined): void {
  listener = next;
}

/**
 * Tells one decision on stderr when `HERMES_SHIM_DEBUG=1`, with the milliseconds since this process started.
 * @param decision a sentence, or a function that makes one (called only when somebody hears it); not yet escaped
 */
export function trace(decision: string | (() => string), topic?: Topic): void {
  if (!enabled && listener === undefined) return;
  const sentence = typeof decision === 'string' ? decision : decision();
  listener?.(topic, sentence);
  if (!enabled) return;
  const line = escapeControls(topic ? `${topic}: ${sentence}` : sentence, 4000);
  writeError(`hermes-shim: ${performance.now().toFixed(1).padStart(7)} ms  ${line}\n`);
}
