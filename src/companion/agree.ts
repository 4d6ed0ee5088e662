import type { Context } from '../managed/apply/context.ts';
import { type Planned, planNow } from '../managed/apply/reconcile.ts';
import { lackOfRoom } from '../managed/apply/refuse.ts';
import { describeStep, losesSomething, type Plan, type Step } from '../managed/plan/steps.ts';
import { outputStyleOf } from './answer.ts';
import { askBeforeLoss, formatPlan } from './managed-plan.ts';

/** What agreeing on a plan needs of the world. */
export type Asking<T> = {
  /** shows the plan before it is asked about, or carried out */
  readonly show: (plan: Plan) => void;
  /** asks a person; throws where the answer is no */
  readonly ask: (losses: readonly Step[]) => Promise<void>;
  readonly planAnew: () => Promise<T>;
};

/**
 * Brings about a plan that may be carried out. A person may think about a question for hours: after each answer it is planned
 * anew, and asked again where more would be lost than they have agreed to.
 * @param sure nobody has to be asked
 * @returns the newest plan
 */
export async function agree<T extends { readonly plan: Plan }>(
  first: T,
  sure: boolean,
  { show, ask, planAnew }: Asking<T>,
): Promise<T> {
  let planned = first;
  let agreed: readonly string[] = [];
  for (;;) {
    show(planned.plan);
    const losses = planned.plan.steps.filter(losesSomething);
    // their words say all that somebody agrees to
    const words = losses.map(describeStep);
    if (sure || words.every((loss) => agreed.includes(loss))) return planned;
    await ask(losses);
    agreed = words;
    planned = await planAnew();
  }
}

/** What is asked, and how it is shown. `before`: a sentence about what has been done already, and stays done. */
export type Agreeing = { json: boolean; yes: boolean; diff?: boolean; force?: boolean; before?: string };

/**
 * Brings about a plan that may be carried out.
 * @param first as it is planned now; while a person is asked it may become another one
 * @throws {Failure} 125 where there is no room, or the answer is no
 */
export async function agreeOn(
  context: Context,
  first: Planned,
  { json, yes, diff = false, force = false, before }: Agreeing,
): Promise<Planned> {
  const look = outputStyleOf(process.stdout.isTTY === true, process.env);
  refuseNoRoom(context);
  let shown = '';
  return agree(first, yes, {
    show(plan) {
      const text = diff && !json ? formatPlan(plan, look, true) : '';
      if (text !== shown) process.stdout.write(text);
      shown = text;
    },
    ask: (losses) => askBeforeLoss(context, losses, before),
    planAnew: () => planNow(context, force),
  });
}

/** @throws {Failure} 125 where there is no room for state */
export function refuseNoRoom({ wanted }: Context): void {
  const lack = lackOfRoom(wanted);
  if (lack) throw lack;
}
