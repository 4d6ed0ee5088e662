import { trace } from '../report/trace.ts';
import { commandInContainer } from '../route/name.ts';
import type { Cause } from './cause.ts';
import type { Lookup, LookupResult, Reached } from './reach.ts';
import { askReadiness, isAdopted, isYoung, numericUser } from './readiness.ts';

/** A look that found out why not. */
export const unready = (cause: Cause): LookupResult => ({ kind: 'not-ready', cause });

/** Asks in a container that was found whether user and binary are there; a user that never appears is called by the numbers. */
export async function askIfReady({ route, caller, memory }: Lookup, reached: Reached): Promise<LookupResult> {
  const { via: access, container } = reached;
  const { env } = caller;
  const { bin } = commandInContainer(caller.name, route.metadata.hermesBin, []);
  const cause = await askReadiness({ access, container, user: reached.user, bin, env });
  trace(() => ({ about: 'ready', young: true, missing: cause?.kind }));
  if (cause === undefined) return { kind: 'ready', reached };
  const numbers = cause.kind === 'user-missing' ? numericUser(container) : undefined;
  if (numbers === undefined) return unready(cause);
  // in a container that is up for long no user is still to come
  const late = memory.last || !isYoung(container, Date.now());
  const adopted = late || (await isAdopted({ access, container, env }));
  // asked anew: the time may have run out meanwhile, and then there is no further look
  if (!adopted && !memory.last) return unready(cause);
  trace(() => ({ about: 'ready', user: reached.user, numbers }));
  const byNumbers = await askReadiness({ access, container, user: numbers, bin, env });
  return byNumbers ? unready(byNumbers) : { kind: 'ready', reached: { ...reached, user: numbers } };
}
