import { findGround, type Ground } from '../managed/apply/ground.ts';
import { told } from '../managed/apply/place.ts';
import { carryOut, type Planned, planNow } from '../managed/apply/reconcile.ts';
import { sayStep } from '../managed/plan/steps.ts';
import { install, uninstall } from '../managed/unit/install.ts';
import { takeLock } from '../managed/write/lock.ts';
import { makeOwnPlace } from '../managed/write/own-place.ts';
import type { Caller } from '../route/caller.ts';
import { type Answer, outputStyleOf } from './answer.ts';
import type { UpOptions } from './managed-options.ts';
import { askBeforeLoss, line, planJson, tellPlan, tellWarnings } from './managed-plan.ts';

/** Makes the container as the file says, or changes what differs. */
export async function up(caller: Caller, options: UpOptions): Promise<Answer> {
  const ground = await findGround(caller, options.file, options.pin);
  tellWarnings(ground);
  if (options.uninstall) return said(await lockedly(ground, () => uninstall(ground)));
  if (options.dryRun) {
    const { plan } = await planNow(ground);
    return {
      code: 0,
      json: { ...(planJson(plan) as object), done: false },
      text: (look) =>
        `${plan.steps.some(({ kind }) => kind !== 'ready') ? `Would, for ${ground.wanted.stateDir}:\n` : ''}${tellPlan(plan, look, options.diff)}`,
    };
  }
  return lockedly(ground, async () => {
    const units = options.install ? await install(ground) : [];
    return reconcile(ground, await planNow(ground), { ...options, units });
  });
}

/** Carries a plan out, and tells each step when it is done. */
export async function reconcile(
  ground: Ground,
  planned: Planned,
  options: { json: boolean; yes: boolean; diff?: boolean; force?: boolean; units?: readonly string[] },
): Promise<Answer> {
  const { json, yes, diff = false, force = false, units = [] } = options;
  const look = outputStyleOf(process.stdout.isTTY === true, process.env);
  await askBeforeLoss(planned.plan, yes);
  if (diff && !json) process.stdout.write(tellPlan(planned.plan, look, true));
  const done: string[] = [];
  const { plan } = await carryOut(ground, planned, {
    force,
    done: (step) => {
      // a container that is young is looked at once more; where that is all, there was nothing to do
      if (step.kind === 'ready' && done.length === 0) return;
      done.push(sayStep(step));
      if (!json) process.stdout.write(line('ok', sayStep(step), look));
    },
  });
  const notes = [...new Set([...units, ...planned.plan.notes, ...plan.notes])];
  return {
    code: 0,
    json: { ...(planJson(planned.plan) as object), notes, done: true },
    text: (last) =>
      [
        done.length === 0 ? line('ok', 'everything is as it should be', last) : '',
        ...notes.map((note) => line('warning', note, last)),
        done.some((says) => says.startsWith('create'))
          ? '\nhermes now runs in the container. Try:  hermes chat\n'
          : '',
      ].join(''),
  };
}

/** Does something while no other hermes-shim works on this state directory. */
export async function lockedly<T>({ place }: Ground, work: () => Promise<T>): Promise<T> {
  told(place, () => makeOwnPlace(place));
  await takeLock(place, () =>
    process.stderr.write('hermes-shim: another hermes-shim is at work on this container; waiting for it\n'),
  );
  return work();
}

/** An answer of a few sentences. */
export function said(sentences: readonly string[]): Answer {
  return {
    code: 0,
    json: { done: true, says: sentences },
    text: (look) => sentences.map((says) => line('ok', says, look)).join(''),
  };
}
