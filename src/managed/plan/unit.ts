import type { Plan, Step } from './steps.ts';

/** What is to be known about the systemd unit when a plan is made. */
export type UnitFacts = {
  /** the unit that is to be installed; `undefined`: nobody asked for one */
  readonly install: { readonly path: string; readonly text: string } | undefined;
  /** a unit starts the container, but does not have it in hand now */
  readonly idle: boolean;
  /** what is to be known about a container that is handed over while it runs */
  readonly handedOver: readonly string[];
  readonly notes: readonly string[];
};

/**
 * A plan with what is to be done about the unit. It is installed before anything goes by it, and after all that can
 * fail for other reasons; a container that runs already is handed over at the end. Pure.
 */
export function withUnit(plan: Plan, { install, idle, handedOver, notes }: UnitFacts): Plan {
  const first = plan.steps.findIndex(({ kind }) => ['policy', 'start', 'ready', 'drop-aside'].includes(kind));
  const at = first === -1 ? plan.steps.length : first;
  const written: readonly Step[] = install ? [{ kind: 'unit', ...install }] : [];
  const watched: readonly Step[] =
    idle && !plan.steps.some(({ kind }) => kind === 'start') ? [{ kind: 'watch' }] : [];
  return {
    ...plan,
    steps: [...plan.steps.slice(0, at), ...written, ...plan.steps.slice(at), ...watched],
    notes: [...plan.notes, ...notes, ...(watched.length > 0 ? handedOver : [])],
  };
}
