import { type Context, findContext } from '../managed/apply/context.ts';
import { carryOut, type Planned, planNow } from '../managed/apply/reconcile.ts';
import { readAtStart } from '../managed/plan/plan.ts';
import { describeStep } from '../managed/plan/steps.ts';
import type { Caller } from '../route/caller.ts';
import { type Agreeing, agreeOn, refuseNoRoom } from './agree.ts';
import { type Answer, outputStyleOf } from './answer.ts';
import { tellArrival } from './arrival.ts';
import type { UpOptions } from './managed-options.ts';
import { formatPlan, line, planJson, printWarnings } from './managed-plan.ts';
import { uninstall } from './uninstall.ts';
import { withLock } from './with-lock.ts';

/** Makes the container as the file says, or changes what differs. */
export async function up(caller: Caller, options: UpOptions): Promise<Answer> {
  if (options.dryRun) return dryRun(caller, options);
  return withLock(caller, options, async (context) => {
    printWarnings(context);
    if (options.uninstall) return said(await uninstall(context, { dryRun: false }));
    return reconcile(context, await planNow(context), options);
  });
}

/** What it would do. Changes nothing, and waits for nobody. */
async function dryRun(caller: Caller, options: UpOptions): Promise<Answer> {
  const context = await findContext(caller, options.file, options);
  printWarnings(context);
  if (options.uninstall) return said(await uninstall(context, { dryRun: true }), { done: false });
  const { plan } = await planNow(context);
  refuseNoRoom(context);
  return {
    code: 0,
    json: { ...planJson(plan), done: false },
    text: (look) =>
      [
        plan.steps.some(({ kind }) => kind !== 'ready') ? `Would, for ${context.wanted.stateDir}:\n` : '',
        formatPlan(plan, look, options.diff),
        ...plan.notes.map((note) => line('warning', note, look)),
      ].join(''),
  };
}

/**
 * Carries a plan out once it is agreed to, and tells each step when it is done.
 * @param first as it is planned now
 * @param options.restarts the container is restarted after it, so that nobody has to be told to
 */
export async function reconcile(
  context: Context,
  first: Planned,
  options: Agreeing & { restarts?: boolean },
): Promise<Answer> {
  const { json, force = false, restarts = false } = options;
  const look = outputStyleOf(process.stdout.isTTY === true, process.env);
  const planned = await agreeOn(context, first, options);
  const done: string[] = [];
  const { plan } = await carryOut(context, planned, {
    force,
    done: (step) => {
      // a container that is young is looked at once more; where that is all, there was nothing to do
      if (step.kind === 'ready' && done.length === 0) return;
      done.push(describeStep(step));
      if (!json) process.stdout.write(line('ok', describeStep(step), look));
    },
  });
  const notes = [...new Set([...planned.plan.notes, ...plan.notes])].filter(
    (note) => !(restarts && note.startsWith(readAtStart)),
  );
  const arrival = done.some((says) => says.startsWith('create')) ? await tellArrival(context) : undefined;
  return {
    code: 0,
    // the identity is known when users are made and the image is there
    json: { ...planJson(planned.plan), identity: plan.identity, notes, done: true },
    text: (last) =>
      [
        done.length === 0 ? line('ok', 'everything is as it should be', last) : '',
        ...notes.map((note) => line('warning', note, last)),
        arrival?.(last) ?? '',
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
