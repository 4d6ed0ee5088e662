import { escapeControls } from './escape.ts';
import { type Fact, formatFact } from './fact.ts';
import { writeError } from './stderr.ts';

const enabled = process.env.HERMES_SHIM_DEBUG === '1';
let listener: ((fact: Fact) => void) | undefined;

/** Hands every fact to a listener, too, so that `hermes-shim` shows what the hot path itself decides. */
export function listen(next: ((fact: Fact) => void) | undefined): void {
  listener = next;
}

/**
 * Writes what was decided to stderr when `HERMES_SHIM_DEBUG=1`, with the milliseconds since this process started.
 * @param decision makes a fact, or a sentence that only people read; called only when somebody reads it
 */
export function trace(decision: () => Fact | string): void {
  if (!enabled && listener === undefined) return;
  const decided = decision();
  if (typeof decided !== 'string') listener?.(decided);
  if (!enabled) return;
  const sentence = typeof decided === 'string' ? decided : `${decided.about}: ${formatFact(decided)}`;
  const line = escapeControls(sentence, 4000);
  writeError(`hermes-shim: ${performance.now().toFixed(1).padStart(7)} ms  ${line}\n`);
}
