import { trace } from '../report/trace.ts';
import { awaited, type Cause, mayPass } from './cause.ts';
import type { Attempt } from './reach.ts';
import type { Spinner } from './spinner.ts';

/** A probe every so many milliseconds, counted from one's beginning to the next one's. */
export const rhythmMs = 250;

/**
 * Waits for what may pass by itself: looks again and again until the container is ready, the reason cannot pass,
 * or the budget is used up. The last look is at the very end of the budget.
 * @param look one attempt; told when it is the last one
 * @param show shows a person what is waited for; without it the wait is silent
 * @returns the last attempt, and how long was waited in milliseconds
 */
export async function waitUntilReady(options: {
  first: Cause;
  look: (last: boolean) => Promise<Attempt>;
  budgetMs: number;
  target: { containerName: string; execUser: string };
  show: ((words: string) => Promise<Spinner>) | undefined;
}): Promise<{ attempt: Attempt; waitedMs: number }> {
  const { budgetMs } = options;
  const begun = performance.now();
  const elapsed = (): number => performance.now() - begun;
  const words = (cause: Cause): string => `waiting for ${awaited(cause, options.target)}`;
  const spinner = await options.show?.(words(options.first));
  let attempt: Attempt = { kind: 'not-ready', cause: options.first };
  let restarting = isRestarting(options.first) ? options.first : undefined;
  let lookedAt = 0;
  let last = false;
  try {
    while (!last) {
      // a probe that takes longer than the rhythm is followed by the next one at once
      const next = Math.min(lookedAt + rhythmMs, budgetMs);
      if (next > elapsed()) await sleep(next - elapsed());
      lookedAt = elapsed();
      last = lookedAt >= budgetMs;
      attempt = await options.look(last);
      if (attempt.kind === 'ready' || !mayPass(attempt.cause)) break;
      const { cause } = attempt;
      if (isRestarting(cause)) restarting = cause;
      trace(() => words(cause));
      spinner?.say(words(cause));
    }
  } finally {
    spinner?.stop();
  }
  // between two starts such a container looks like many things, and the last look is only one of them
  if (restarting && attempt.kind === 'not-ready' && mayPass(attempt.cause))
    attempt = { kind: 'not-ready', cause: restarting };
  return { attempt, waitedMs: Math.min(elapsed(), budgetMs) };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function isRestarting(cause: Cause): boolean {
  return cause.kind === 'not-running' && cause.container.state.status === 'restarting';
}
