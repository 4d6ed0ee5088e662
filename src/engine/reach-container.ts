import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import { waitBudgetMs } from './budget.ts';
import { mayPass } from './cause.ts';
import { type Attempt, attempt, type Memory, type Reached } from './reach.ts';

/** What a wait may show and how patient it is. */
export type Audience = {
  /** stdin and stdout are terminals: a person, who waits less long than a script */
  readonly interactive: boolean;
  /** stderr is a terminal too, so that a spinner can be shown */
  readonly spin: boolean;
};

/**
 * Finds the managed container, waiting for what may pass by itself.
 * @throws {Failure} what is wrong and what to type next
 */
export async function reachContainer(
  route: ContainerRoute,
  caller: Caller,
  audience: Audience,
): Promise<Reached> {
  const budgetMs = waitBudgetMs(caller.env, audience.interactive);
  const memory: Memory = { refusals: new Map(), last: false };
  const look = (last: boolean): Promise<Attempt> => {
    memory.last = last;
    return attempt({ route, caller, memory });
  };
  let outcome = await look(budgetMs === 0);
  let waitedMs = 0;
  if (outcome.kind === 'not-ready' && mayPass(outcome.cause) && budgetMs > 0) {
    const first = outcome.cause;
    trace(() => `waiting up to ${budgetMs} ms: ${first.kind}`);
    const { waitUntilReady } = await import('./wait.ts');
    const show = audience.spin ? await spinnerFor(caller) : undefined;
    ({ attempt: outcome, waitedMs } = await waitUntilReady({
      first,
      look,
      budgetMs,
      target: route.metadata,
      show,
    }));
  }
  if (outcome.kind === 'ready') return outcome.reached;
  const { gatherCircumstances } = await import('./circumstances.ts');
  const { explainCause } = await import('./explain-cause.ts');
  throw explainCause(outcome.cause, await gatherCircumstances(outcome.cause, route, caller.env, waitedMs));
}

async function spinnerFor(caller: Caller) {
  const { startSpinner } = await import('./spinner.ts');
  return (words: string) => startSpinner(words, caller);
}
