/** What can become of a container under a call, and what must hold of the answer all the same. */
import { expect } from 'vitest';
import type { Ended } from './call.ts';
import type { ManagedContainer } from './container.ts';

/** What can happen to a container under a call. `remake` and `restart` leave it running. */
export const mishaps = {
  stop: (container: ManagedContainer) => container.engineCli(['stop', '-t', '0', container.id]),
  kill: (container: ManagedContainer) => container.kill(),
  remove: (container: ManagedContainer) => container.remove(),
  async remake(container: ManagedContainer) {
    await container.remove();
    await container.create();
    await container.start();
  },
  async restart(container: ManagedContainer) {
    await container.kill();
    await container.start();
  },
} as const;
export type Mishap = keyof typeof mishaps;
export const named = Object.keys(mishaps) as Mishap[];

/** The container runs again after that mishap. */
export async function bringBack(container: ManagedContainer, after: Mishap): Promise<void> {
  if (after === 'remake' || after === 'restart') return;
  if (after === 'remove') await container.create();
  await container.start();
}

/** As it was for the next round: it runs again after the mishap of the one before, if any, and its starts are forgotten. */
export async function putBack(container: ManagedContainer, after: Mishap | undefined): Promise<void> {
  if (after) await bringBack(container, after);
  container.forgetStarts();
}

/** Sentences by which the shim says that no hermes was started, and that one was. */
export const saysNotStarted =
  /^hermes: .*(is not running|does not exist|is paused|has no user|has no \/|could not be asked)/m;
export const saysStarted = /^hermes: .*during the session; hermes is not started again by itself/m;
export const saysUnknown =
  /^hermes: .*(while hermes was starting or running in it|is not known); hermes is not started again by itself/m;

/** At most one line; exactly one where the shim exited 0; and its words agree with the line. */
export function expectAgreement(ended: Ended, container: ManagedContainer): string {
  const lines = container.starts();
  const story = JSON.stringify({ lines, code: ended.exitCode, signal: ended.signal, stderr: ended.stderr });
  expect(ended.timedOut, story).toBe(false);
  expect(lines.length, story).toBeLessThanOrEqual(1);
  if (ended.exitCode === 0) expect(lines, story).toHaveLength(1);
  if (saysNotStarted.test(ended.stderr)) expect(lines, story).toEqual([]);
  // no line and no failure cannot be: somebody must be told
  if (lines.length === 0) {
    expect(ended.stderr, story).toMatch(/^hermes: /m);
    expect(ended.exitCode, story).not.toBe(0);
  }
  if (ended.exitCode === 125)
    expect(saysNotStarted.test(ended.stderr) || saysUnknown.test(ended.stderr), story).toBe(true);
  return story;
}
