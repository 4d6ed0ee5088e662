/** The machine the tests run on: waiting for conditions, and what runs there. */
import { setTimeout as pause } from 'node:timers/promises';

export {
  hostProcesses,
  idOf,
  isAlive,
  type ProcessFacts,
  processFacts,
} from '../../scripts/engines/processes.ts';

/** How many times slower than an idle machine this one was when the run began (see scripts/engines/speed.ts). */
const slowness = Number(process.env.HERMES_SHIM_TEST_SLOWNESS ?? 1);

/**
 * How long to wait, in milliseconds, for what an idle machine does within `ms`. Nobody waits that long when it works, so
 * it is threefold: others may come while the tests run. Never longer than a test may take (vitest.config.ts), so that what
 * was awaited is said.
 */
export const within = (ms: number): number => Math.min(Math.ceil(ms * 3 * slowness), 840_000);

export interface Patience {
  /** On an idle machine, in milliseconds (see within). Default 10 s. */
  ms?: number;
  /** What is awaited, as the end of "waited in vain for …". */
  what: string;
  /** Between two looks, in milliseconds. Default 20; more where a look itself takes long. */
  everyMs?: number;
}

/**
 * Waits until `look` returns something truthy, and returns that. A look that throws counts as "not yet". Throws a
 * sentence that says what was awaited and what was seen last.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  { ms = 10_000, what, everyMs = 20 }: Patience,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + within(ms);
  let last: unknown;
  for (;;) {
    const began = performance.now();
    try {
      const value = await look();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`waited ${within(ms)} ms in vain for ${what}; last seen: ${show(last)}`);
    // a look through all of /proc takes what a proxy and other tests in this process need
    await pause(Math.max(everyMs, Math.min(3 * (performance.now() - began), 500)));
  }
}

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}

/** Signals all of them. Who has ended meanwhile, as a client does with its sudo, is left alone. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
