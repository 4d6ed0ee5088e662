/**
 * A managed container for one test: as new, whoever had it before. Making one takes longer than most tests, so what a
 * test gives back as it was is lent to the next test of the same file; anything else is thrown away.
 */
import { afterAll } from 'vitest';
import { type Condition, conditionOf, tidyUp } from './condition.ts';
import { makeContainer } from './make-container.ts';
import type { ContainerOptions, ManagedContainer } from './managed-container.ts';
import { type EngineMode, engines } from './modes.ts';

export { hermesUid } from './create.ts';
export type { ContainerOptions, ManagedContainer } from './managed-container.ts';

interface Lendable {
  container: ManagedContainer;
  condition: Condition;
  startedMs: number;
}

/** A container that is younger than two minutes is asked whether it is ready: every test begins with such a one. */
const youngMs = 60_000;

const idle = new Map<string, Lendable[]>();
const removals: Promise<void>[] = [];

afterAll(async () => {
  for (const { container } of [...idle.values()].flat()) discard(container);
  await Promise.all(removals);
});

/** Lends one and, unless told otherwise, waits until it is as ready as its options let it be. */
export async function managedContainer(
  mode: EngineMode,
  options: ContainerOptions = {},
): Promise<ManagedContainer> {
  const { start = true, userAfterMs = 0, alone = false } = options;
  // only root can see whether it is as it was
  if (alone || !start || userAfterMs !== 0 || !engines.asRoot) return makeContainer(mode, options);
  const key = JSON.stringify([mode, options]);
  for (let next = idle.get(key)?.pop(); next; next = idle.get(key)?.pop()) {
    if (Date.now() - next.startedMs < youngMs) return lend(key, next);
    discard(next.container);
  }
  const container = await makeContainer(mode, options);
  return lend(key, { container, condition: await conditionOf(container), startedMs: Date.now() });
}

function lend(key: string, lendable: Lendable): ManagedContainer {
  const { container, condition } = lendable;
  container.forgetStarts();
  const giveBack = async () => {
    if (await tidyUp(container, condition)) idle.set(key, [...(idle.get(key) ?? []), lendable]);
    else discard(container);
  };
  return Object.create(container, { [Symbol.asyncDispose]: { value: giveBack } });
}

/** Removes it while the tests go on. */
function discard(container: ManagedContainer): void {
  removals.push(Promise.resolve(container[Symbol.asyncDispose]()));
}
