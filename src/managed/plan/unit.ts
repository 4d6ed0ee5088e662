import type { Plan, Step } from './steps.ts';

/** What is to be known about the systemd unit when a plan is made. */
export type UnitFacts = {
  /** the unit that is to be installed, or brought up to date */
  readonly install: Omit<Extract<Step, { kind: 'unit' }>, 'kind'> | undefined;
  /** the unit of another name, which was for this container before */
  readonly drop: Omit<Extract<Step, { kind: 'drop-unit' }>, 'kind'> | undefined;
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
export function withUnit(plan: Plan, { install, drop, idle, handedOver, notes }: UnitFacts): Plan {
  const first = plan.steps.findIndex(({ kind }) => ['policy', 'start', 'ready', 'drop-aside'].includes(kind));
  const at = first === -1 ? plan.steps.length : first;
  const written: readonly Step[] = [
    ...(install ? [{ kind: 'unit', ...install } as const] : []),
    // after the new one: what is killed between the two finds both, and removes the old one then
    ...(drop ? [{ kind: 'drop-unit', ...drop } as const] : []),
  ];
  const watched: readonly Step[] =
    idle && !plan.steps.some(({ kind }) => kind === 'start') ? [{ kind: 'watch' }] : [];
  return {
    ...plan,
    steps: [...plan.steps.slice(0, at), ...written, ...plan.steps.slice(at), ...watched],
    notes: [...plan.notes, ...notes, ...(watched.length > 0 ? handedOver : [])],
  };
}
