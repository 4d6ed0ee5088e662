import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '../report/trace.ts';
import { awaited, type Cause, mayPass } from './cause.ts';
import type { Attempt } from './reach.ts';
import { startSpinner } from './spinner.ts';

/** A probe every so many milliseconds. */
const rhythmMs = 250;

/**
 * Waits for what may pass by itself: looks again and again until the container is ready, the reason cannot pass,
 * or the budget is used up.
 * @param look one attempt; told when it is the last one
 * @returns the last attempt, and how long it took in milliseconds
 */
export async function waitUntilReady(options: {
  first: Cause;
  look: (last: boolean) => Promise<Attempt>;
  budgetMs: number;
  target: { containerName: string; execUser: string };
  /** show a person what is waited for */
  spin: boolean;
}): Promise<{ attempt: Attempt; waitedMs: number }> {
  const begun = performance.now();
  const elapsed = (): number => performance.now() - begun;
  const words = (cause: Cause): string => `waiting for ${awaited(cause, options.target)}`;
  const spinner = options.spin ? await startSpinner(words(options.first)) : undefined;
  let attempt: Attempt = { kind: 'not-ready', cause: options.first };
  try {
    for (let round = 1; elapsed() < options.budgetMs; round += 1) {
      // counted from the beginning, so that slow probes do not stretch the rhythm
      const pause = Math.min(round * rhythmMs, options.budgetMs) - elapsed();
      if (pause > 0) await sleep(pause);
      attempt = await options.look(elapsed() >= options.budgetMs);
      if (attempt.kind === 'ready' || !mayPass(attempt.cause)) break;
      const { cause } = attempt;
      trace(() => words(cause));
      spinner?.say(words(cause));
    }
  } finally {
    spinner?.stop();
  }
  return { attempt, waitedMs: elapsed() };
}
