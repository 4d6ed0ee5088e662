import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import { waitBudgetMs } from './budget.ts';
import { mayPass } from './cause.ts';
import { type LookupResult, lookUp, type Memory, type Reached } from './reach.ts';
import { openWaitLine } from './wait-line.ts';

/** What a wait may show and how patient it is. */
export type Audience = {
  /** stdin and stdout are terminals: a person, who waits less long than a script */
  readonly interactive: boolean;
  /** stderr is a terminal too, so that a spinner can be shown */
  readonly spin: boolean;
  /** which containers are asked whether they are ready, before anybody tries (`Memory`) */
  readonly verify?: Memory['verify'];
  /** may a remembered verdict be used, or only be renewed? */
  readonly known?: Memory['known'];
};

/** After so many milliseconds without an answer a person is told that the engine is slow. */
const slowMs = 1500;

/**
 * Finds the managed container, waiting for what may pass by itself.
 * @throws {Failure} what is wrong and what to type next
 */
export async function reachContainer(
  route: ContainerRoute,
  caller: Pick<Caller, 'name' | 'env' | 'uid' | 'ignored'>,
  audience: Audience,
): Promise<Reached> {
  const budgetMs = waitBudgetMs(caller.env, audience.interactive);
  const begun = process.uptime();
  const elapsed = (): number => (process.uptime() - begun) * 1000;
  let saidLast = false;
  const memory: Memory = {
    refusals: new Map(),
    verify: audience.verify,
    known: audience.known,
    get last() {
      saidLast = elapsed() >= budgetMs;
      return saidLast;
    },
  };
  const line = audience.spin ? openWaitLine(caller) : undefined;
  const look = async (): Promise<LookupResult> => {
    const engine = route.metadata.backend ?? 'docker or podman';
    const slow = line && setTimeout(() => line.say(`waiting for ${engine} to answer`), slowMs);
    try {
      return await lookUp({ route, caller, memory });
    } finally {
      clearTimeout(slow);
    }
  };
  let waitedMs = 0;
  let outcome: LookupResult;
  try {
    outcome = await look();
    if (outcome.kind === 'not-ready' && mayPass(outcome.cause) && budgetMs > 0) {
      const first = outcome.cause;
      trace(() => `waiting up to ${budgetMs} ms: ${first.kind}`);
      const { waitUntilReady } = await import('./wait.ts');
      const target = route.metadata;
      outcome = await waitUntilReady({ first, look, budgetMs, elapsed, target, say: line?.say });
      // the time ran out just after a look was told that there would be another
      const user = outcome.kind === 'not-ready' && outcome.cause.kind === 'user-missing';
      if (user && !saidLast) outcome = await look();
      waitedMs = elapsed();
    }
  } finally {
    await line?.stop();
  }
  if (outcome.kind === 'ready') return outcome.reached;
  const { gatherCircumstances } = await import('./circumstances.ts');
  const { explainCause } = await import('./explain-cause.ts');
  throw explainCause(outcome.cause, await gatherCircumstances(outcome.cause, route, caller.env, waitedMs));
}
