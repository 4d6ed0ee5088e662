/** The machine the tests run on: waiting for conditions, and what runs there. */
import { setTimeout as pause } from 'node:timers/promises';

export {
  hostProcesses,
  idOf,
  isAlive,
  type ProcessFacts,
  processFacts,
} from '../../scripts/engines/processes.ts';

export interface Patience {
  /** Gives up after so many milliseconds. Default 10 s: the machine may be busy, and nobody waits for it when it works. */
  ms?: number;
  /** What is awaited, as the end of "waited in vain for …". */
  what: string;
  /** Between two looks, in milliseconds. Default 20. */
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
  const deadline = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`waited ${ms} ms in vain for ${what}; last seen: ${show(last)}`);
    await pause(everyMs);
  }
}

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}
