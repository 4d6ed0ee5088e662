import { escapeControls } from './escape.ts';
import { writeError } from './stderr.ts';

const enabled = process.env.HERMES_SHIM_DEBUG === '1';

/**
 * Tells one decision on stderr when `HERMES_SHIM_DEBUG=1`, with the milliseconds since this process started.
 * @param decision a sentence, or a function that makes one (called only when tracing)
 */
export function trace(decision: string | (() => string)): void {
  if (!enabled) return;
  const sentence = typeof decision === 'string' ? decision : decision();
  writeError(
    `hermes-shim: ${performance.now().toFixed(1).padStart(7)} ms  ${escapeControls(sentence, 4000)}\n`,
  );
}
