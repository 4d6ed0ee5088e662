import { planNow } from '../managed/apply/reconcile.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { printWarnings } from './managed-plan.ts';
import { reconcile } from './up.ts';
import { withLock } from './with-lock.ts';

/** Makes the container anew: the guide's *Force Container Recreation*. State and home stay. */
export function recreate(
  caller: Caller,
  options: { file: string | undefined; json: boolean; yes: boolean },
): Promise<Answer> {
  return withLock(caller, { file: options.file }, async (context) => {
    printWarnings(context);
    return reconcile(context, await planNow(context, true), { ...options, force: true });
  });
}
