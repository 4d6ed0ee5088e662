import { planNow } from '../managed/apply/reconcile.ts';
import { pull } from '../managed/engine/deeds.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { findKept } from './container-deeds.ts';
import { lockedly } from './lockedly.ts';
import { tellWarnings } from './managed-plan.ts';
import { restartKept } from './restart.ts';
import { reconcile } from './up.ts';

/**
 * The newest hermes. In the official image: pulls it and, if it is another one, makes the container anew; the old one is
 * kept until the new one is ready. With a package: leads current-package to what it is now, and restarts.
 */
export function update(
  caller: Caller,
  options: { file: string | undefined; json: boolean; yes: boolean },
): Promise<Answer> {
  return lockedly(caller, { file: options.file }, async (ground) => {
    tellWarnings(ground);
    const { wanted, doer } = ground;
    if (wanted.kind === 'official') {
      await pull(doer, wanted.image, process.stderr.isTTY === true);
      return reconcile(ground, await planNow(ground), options);
    }
    const planned = await planNow(ground);
    const switched = planned.plan.steps.some(
      (step) => step.kind === 'link' && step.path.endsWith('/current-package'),
    );
    const started = planned.plan.steps.some(({ kind }) => kind === 'start');
    const restarts = switched && !started;
    const answer = await reconcile(ground, planned, { ...options, restarts });
    if (restarts) {
      await findKept(ground);
      await restartKept(ground);
    }
    return answer;
  });
}
