import { findGround } from '../managed/apply/ground.ts';
import { planNow } from '../managed/apply/reconcile.ts';
import { pull } from '../managed/engine/deeds.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { findKept } from './container-deeds.ts';
import { tellWarnings } from './managed-plan.ts';
import { restartKept } from './restart.ts';
import { lockedly, reconcile } from './up.ts';

/**
 * The newest hermes. In the official image: pulls it and, if it is another one, makes the container anew; the old one is
 * kept until the new one is ready. With a package: leads current-package to what it is now, and restarts.
 */
export async function update(
  caller: Caller,
  options: { file: string | undefined; json: boolean; yes: boolean },
): Promise<Answer> {
  const ground = await findGround(caller, options.file);
  tellWarnings(ground);
  const { wanted, doer } = ground;
  return lockedly(ground, async () => {
    if (wanted.kind === 'official') {
      await pull(doer, wanted.image, process.stderr.isTTY === true);
      return reconcile(ground, await planNow(ground), options);
    }
    const planned = await planNow(ground);
    const switched = planned.plan.steps.some(
      (step) => step.kind === 'link' && step.path.endsWith('/current-package'),
    );
    const started = planned.plan.steps.some(({ kind }) => kind === 'start');
    const answer = await reconcile(ground, planned, options);
    if (switched && !started) await restartKept(await findKept(caller, options.file));
    return answer;
  });
}
