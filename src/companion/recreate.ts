import { planNow } from '../managed/apply/reconcile.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { lockedly } from './lockedly.ts';
import { tellWarnings } from './managed-plan.ts';
import { reconcile } from './up.ts';

/** Makes the container anew: the guide's *Force Container Recreation*. State and home stay. */
export function recreate(
  caller: Caller,
  options: { file: string | undefined; json: boolean; yes: boolean },
): Promise<Answer> {
  return lockedly(caller, { file: options.file }, async (ground) => {
    tellWarnings(ground);
    return reconcile(ground, await planNow(ground, true), { ...options, force: true });
  });
}
