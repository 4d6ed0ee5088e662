/** Which ways in there are on this machine, and how a test says "on each of them". */
import { describe, inject } from 'vitest';
import { allModes, type EngineFacts, type EngineMode } from '../../scripts/engines/modes.ts';

export { allModes, type EngineMode } from '../../scripts/engines/modes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    engines: EngineFacts;
  }
}

/** What global-setup.ts set up. */
export const engines: EngineFacts = inject('engines');

/** The ways to a container: what describeModes runs in unless it is told otherwise. */
const usualModes: readonly EngineMode[] = ['docker', 'podman-root', 'podman-sudo', 'podman-rootless'];

/** All, for the files that prove a session: here the engine is spoken to in every way there is. */
export const transportModes: readonly EngineMode[] = allModes;

/** Those of them in which a session is a process on this host, the engine's client. */
export const clientModes: readonly EngineMode[] = [
  'docker-client',
  'podman-root',
  'podman-sudo',
  'podman-rootless',
];

/** Those in which a caller is led to a socket, so that a proxy can stand in front of the engine. */
export const socketModes: readonly EngineMode[] = ['docker', 'docker-client', 'podman-socket'];

/** Those in which a container can be paused: a rootless one cannot under cgroups v1. */
export const pausableModes: readonly EngineMode[] = allModes.filter((mode) => mode !== 'podman-rootless');

/** The ways that can be tested here. In CI all of them can, or the set-up has failed already. */
export const modes: readonly EngineMode[] = allModes.filter((mode) => engines.modes[mode].available);

/**
 * One `describe` per mode. One that is missing shows up as skipped, with the reason. `atOnce`: the tests run beside each
 * other, since they mostly wait; each needs a container of its own.
 */
export function describeModes(
  body: (mode: EngineMode) => void,
  only: readonly EngineMode[] = usualModes,
  { atOnce = false }: { atOnce?: boolean } = {},
): void {
  for (const mode of only) {
    const state = engines.modes[mode];
    if (state.available) describe(mode, { concurrent: atOnce }, () => body(mode));
    else describe.skip(`${mode} (${state.why})`, () => body(mode));
  }
}
