import { findGround } from '../managed/apply/ground.ts';
import { planNow } from '../managed/apply/reconcile.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { tellWarnings } from './managed-plan.ts';
import { lockedly, reconcile } from './up.ts';

/** Makes the container anew: the guide's *Force Container Recreation*. State and home stay. */
export async function recreate(
  caller: Caller,
  options: { file: string | undefined; json: boolean; yes: boolean },
): Promise<Answer> {
  const ground = await findGround(caller, options.file);
  tellWarnings(ground);
  return lockedly(ground, async () =>
    reconcile(ground, await planNow(ground, true), { ...options, force: true }),
  );
}
