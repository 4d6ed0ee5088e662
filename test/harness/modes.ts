/** Which ways in there are on this machine, and how a test says "on each of them". */
import { describe, inject } from 'vitest';
import { allWays, type EngineFacts, type Way } from '../../scripts/engines/modes.ts';

export { allWays, type Way } from '../../scripts/engines/modes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    engines: EngineFacts;
  }
}

/** What global-setup.ts set up. */
export const engines: EngineFacts = inject('engines');

/** The ways that can be tested here. In CI all of them can, or the set-up has failed already. */
export const ways: readonly Way[] = allWays.filter((way) => engines.ways[way].available);

/** One `describe` per way. A way that is missing shows up as skipped, with the reason. */
export function describeWays(body: (way: Way) => void, only: readonly Way[] = allWays): void {
  for (const way of only) {
    const state = engines.ways[way];
    if (state.available) describe(way, () => body(way));
    else describe.skip(`${way} (${state.why})`, () => body(way));
  }
}
