import { commandPrefix, type EngineAccess } from '../../engine/access.ts';
import type { Cause } from '../../engine/cause.ts';
import { gatherCircumstances } from '../../engine/circumstances.ts';
import { explainCause } from '../../engine/explain-cause.ts';
import type { Reached } from '../../engine/reach.ts';
import { isYoung } from '../../engine/readiness.ts';
import { exitCodes, type Failure, lackOf } from '../../report/failure.ts';
import type { Caller } from '../../route/caller.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import { commandInContainer } from '../../route/name.ts';
import type { Fate } from './ending.ts';

type Never = {
  readonly fate: Extract<Fate, { is: 'never' }>;
  readonly reached: Reached;
  readonly route: ContainerRoute;
  readonly caller: Caller;
  /** the command line is so long that it may not have fitted */
  readonly long: boolean;
  /** it was tried before, after which the container was found to be ready */
  readonly again: boolean;
};

/**
 * Why hermes was not started, over the API, where that is known for certain.
 * @returns `undefined`: something may only not be there yet, or the container went away just now; look again
 */
export async function explainNeverStarted(never: Never): Promise<Failure | undefined> {
  const { lacking } = never.fate;
  if (lacking !== undefined) return lackOf(lacking, exitCodes.cannotRun);
  const cause = causeOf(never, Date.now());
  if (cause === undefined) return undefined;
  return explainCause(cause, await gatherCircumstances(cause, never.route, never.caller.env, 0));
}

/** Why a call ends whose engine hangs before hermes has begun. */
export async function explainHanging(
  { waitedMs, busy }: Extract<Fate, { is: 'silent' }>,
  { engine }: EngineAccess,
  route: ContainerRoute,
  caller: Caller,
): Promise<Failure> {
  const cause = { kind: 'engine-silent', engine, waitedMs, busy } as const;
  return explainCause(cause, await gatherCircumstances(cause, route, caller.env, 0));
}

/** The cause, or `undefined` where a second look is worth it. */
export function causeOf(
  { fate, reached, route, caller, long, again }: Never,
  nowMs: number,
): Cause | undefined {
  const { engine } = reached.via;
  const prefix = commandPrefix(reached.via);
  if (fate.why === 'refused') {
    if (long && /argument list too long/i.test(fate.words))
      return { kind: 'shortage', engine, code: 'E2BIG' };
    const detail = fate.words.trim().split('\n').at(-1) ?? '';
    return again ? { kind: 'check-failed', engine, prefix, detail } : undefined;
  }
  if (!again && isYoung(reached.container, nowMs)) return undefined;
  const { bin } = commandInContainer(caller.name, route.metadata.hermesBin, []);
  return { kind: fate.why === 'missing' ? 'binary-missing' : 'binary-not-executable', engine, bin, prefix };
}
