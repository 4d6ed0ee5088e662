import { findGround, type Ground } from '../managed/apply/ground.ts';
import { carryOut, type Planned, planNow } from '../managed/apply/reconcile.ts';
import { readAtStart } from '../managed/plan/plan.ts';
import { sayStep } from '../managed/plan/steps.ts';
import type { Caller } from '../route/caller.ts';
import { type Answer, outputStyleOf } from './answer.ts';
import { lockedly } from './lockedly.ts';
import type { UpOptions } from './managed-options.ts';
import { askBeforeLoss, line, planJson, tellPlan, tellWarnings } from './managed-plan.ts';
import { uninstall } from './uninstall.ts';

/** Makes the container as the file says, or changes what differs. */
export async function up(caller: Caller, options: UpOptions): Promise<Answer> {
  if (options.dryRun) return dryRun(caller, options);
  return lockedly(caller, options, async (ground) => {
    tellWarnings(ground);
    if (options.uninstall) return said(await uninstall(ground, { dryRun: false }));
    return reconcile(ground, await planNow(ground), options);
  });
}

/** What it would do. Changes nothing, and waits for nobody. */
async function dryRun(caller: Caller, options: UpOptions): Promise<Answer> {
  const ground = await findGround(caller, options.file, options);
  tellWarnings(ground);
  if (options.uninstall) return said(await uninstall(ground, { dryRun: true }), { done: false });
  const { plan } = await planNow(ground);
  return {
    code: 0,
    json: { ...planJson(plan), done: false },
    text: (look) =>
      [
        plan.steps.some(({ kind }) => kind !== 'ready') ? `Would, for ${ground.wanted.stateDir}:\n` : '',
        tellPlan(plan, look, options.diff),
        ...plan.notes.map((note) => line('warning', note, look)),
      ].join(''),
  };
}

/**
 * Carries a plan out, and tells each step when it is done.
 * @param options.restarts the container is restarted after it, so that nobody has to be told to
 */
export async function reconcile(
  ground: Ground,
  planned: Planned,
  options: { json: boolean; yes: boolean; diff?: boolean; force?: boolean; restarts?: boolean },
): Promise<Answer> {
  const { json, yes, diff = false, force = false, restarts = false } = options;
  const look = outputStyleOf(process.stdout.isTTY === true, process.env);
  await askBeforeLoss(ground, planned.plan, yes);
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
  const notes = [...new Set([...planned.plan.notes, ...plan.notes])].filter(
    (note) => !(restarts && note === readAtStart),
  );
  return {
    code: 0,
    // the identity is known when users are made and the image is there
    json: { ...planJson(planned.plan), identity: plan.identity, notes, done: true },
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

/** An answer of a few sentences. */
export function said(sentences: readonly string[], { done } = { done: true }): Answer {
  return {
    code: 0,
    json: { done, says: sentences },
    text: (look) => sentences.map((says) => line('ok', says, look)).join(''),
  };
}
