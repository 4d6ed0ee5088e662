import type { Facts } from './facts.ts';
import type { Plan } from './steps.ts';

/** Does a plan lead current-package to another version? */
export function switchesPackage({ steps }: Plan): boolean {
  return steps.some((step) => step.kind === 'link' && step.path.endsWith('/current-package'));
}

/**
 * Must the container be restarted for the package to count? Also where it was led elsewhere before, and whoever did it
 * was interrupted before the restart: a gateway that started before then runs the old one. Pure.
 */
export function isRestartDue(plan: Plan, { record, engine }: Pick<Facts, 'record' | 'engine'>): boolean {
  if (plan.steps.some(({ kind }) => kind === 'start')) return false;
  const started = engine.container?.container.state.startedMs ?? 0;
  return switchesPackage(plan) || (record.restartDue !== undefined && started < record.restartDue);
}
