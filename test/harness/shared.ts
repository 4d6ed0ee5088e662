/** One container for the tests of a describe that only call it: each finds it as if nobody had called it before. */
import { afterAll, afterEach } from 'vitest';
import { managedContainer } from './container.ts';
import { until } from './host.ts';
import { forgetKnown } from './known.ts';
import { leftovers } from './leftovers.ts';
import type { ContainerOptions, ManagedContainer } from './managed-container.ts';
import type { EngineMode } from './modes.ts';

/**
 * Called in a `describe`; its tests ask for the container by what it returns, and the first that does has it made. After
 * each test what it has started and what the shim remembers are forgotten; where the test has failed, or somebody is
 * still there, the next one gets another container. For tests one after another, and for none that changes the
 * container, its metadata or its files, or that needs it young.
 */
export function shareContainer(
  mode: EngineMode,
  options: ContainerOptions = {},
): () => Promise<ManagedContainer> {
  let shared: ManagedContainer | undefined;
  const giveUp = async () => {
    await shared?.[Symbol.asyncDispose]();
    shared = undefined;
  };
  afterEach(async ({ task }) => {
    if (shared === undefined) return;
    if (task.result?.state !== 'pass' || !(await isEmpty(shared))) return giveUp();
    forgetKnown(shared.root);
    shared.forgetStarts();
  });
  afterAll(giveUp);
  return async () => {
    shared ??= await managedContainer(mode, options);
    return shared;
  };
}

/** Is nobody there any more, on this host or inside? Who is about to go gets a moment for it. */
async function isEmpty(container: ManagedContainer): Promise<boolean> {
  const isClean = async () =>
    (await leftovers(container, 2000)).length === 0 && (await container.sessionProcesses()).length === 0;
  return until(isClean, { what: 'everyone to go', ms: 2000 }).catch(() => false);
}
