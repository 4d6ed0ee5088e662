/** A managed container for one test: real, started by a real engine, gone without a trace when the file's tests are over. */
import { afterAll } from 'vitest';
import { makeContainer } from './make-container.ts';
import type { ContainerOptions, ManagedContainer } from './managed-container.ts';
import type { EngineMode } from './modes.ts';

export { hermesUid } from './create.ts';
export type { ContainerOptions, ManagedContainer } from './managed-container.ts';

const removals: Promise<void>[] = [];

afterAll(async () => {
  await Promise.all(removals);
});

/**
 * Makes one and, unless told otherwise, waits until it is as ready as its options let it be. No test gets what another
 * one has used: notes of sessions and the times of files are what the shim goes by. It is removed while the tests go on.
 */
export async function managedContainer(
  mode: EngineMode,
  options: ContainerOptions = {},
): Promise<ManagedContainer> {
  const container = await makeContainer(mode, options);
  const remove = async () => void removals.push(Promise.resolve(container[Symbol.asyncDispose]()));
  return Object.create(container, { [Symbol.asyncDispose]: { value: remove } });
}
