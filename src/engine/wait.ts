import { trace } from '../report/trace.ts';
import { sleep } from '../system/sleep.ts';
import { awaited, type Cause, mayPass } from './cause.ts';
import type { LookupResult } from './reach.ts';

/** A probe every so many milliseconds, counted from one's beginning to the next one's. */
const rhythmMs = 250;

/**
 * Waits for what may pass by itself: looks again and again until the container is ready, the reason cannot pass,
 * or the budget is used up. The last look begins at the very end of the budget; a slower one that ends after it is
 * the last.
 * @param first what the first look saw
 * @param look looks once
 * @param elapsed how long this call has been looking, its first look included, in milliseconds
 * @param say shows a person what is waited for; without it the wait is silent
 * @returns what the last look saw
 */
export async function waitUntilReady(options: {
  first: Cause;
  look: () => Promise<LookupResult>;
  budgetMs: number;
  elapsed: () => number;
  target: { containerName: string; execUser: string };
  say: ((words: string) => void) | undefined;
}): Promise<LookupResult> {
  const { budgetMs, elapsed } = options;
  let result: LookupResult = { kind: 'not-ready', cause: options.first };
  let restarting: Cause | undefined;
  let next = rhythmMs;
  while (result.kind === 'not-ready' && mayPass(result.cause)) {
    const { cause } = result;
    if (isRestarting(cause)) restarting = cause;
    const words = `waiting for ${awaited(cause, options.target)}`;
    trace(() => words);
    options.say?.(words);
    if (elapsed() >= budgetMs) break;
    // a look that takes longer than the rhythm is followed by the next one at once
    const pauseMs = Math.min(next, budgetMs) - elapsed();
    if (pauseMs > 0) await sleep(pauseMs);
    next = elapsed() + rhythmMs;
    result = await options.look();
  }
  // between two starts such a container looks like many things, and the last look is only one of them
  if (restarting && result.kind === 'not-ready' && mayPass(result.cause))
    return { kind: 'not-ready', cause: restarting };
  return result;
}

function isRestarting(cause: Cause): boolean {
  return cause.kind === 'not-running' && cause.container.state.status === 'restarting';
}
