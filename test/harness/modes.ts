/** Which ways in there are on this machine, and how a test says "on each of them". */
import { describe, inject, TestRunner } from 'vitest';
import { allModes, type EngineFacts, type EngineMode } from '../../scripts/engines/modes.ts';
import { hasTurn } from './turns.ts';

export { allModes, type EngineMode } from '../../scripts/engines/modes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    engines: EngineFacts;
  }
}

/** What global-setup.ts set up. */
export const engines: EngineFacts = inject('engines');

/** The ways to a container: what describeModes runs in unless it is told otherwise. */
export const usualModes: readonly EngineMode[] = ['docker', 'podman-sudo', 'podman-rootless'];

/** All, for the files that prove how a call runs: here the engine is spoken to in every way there is. */
export const transportModes: readonly EngineMode[] = allModes;

/**
 * For promises whose proof takes many calls. Root's own calls of podman are left out: their containers and commands are
 * those of podman-sudo, and how podman's client is started without sudo is proven by podman-rootless.
 */
export const distinctModes: readonly EngineMode[] = allModes.filter((mode) => mode !== 'podman-root');

/** Those of all in which a session is a process on this host, the engine's client. */
export const clientModes: readonly EngineMode[] = [
  'docker-client',
  'podman-root',
  'podman-sudo',
  'podman-rootless',
];

/** Those of them for promises whose proof takes many calls. */
export const distinctClientModes: readonly EngineMode[] = clientModes.filter((mode) =>
  distinctModes.includes(mode),
);

/** Those in which the engine is spoken to by its API. */
export const apiModes: readonly EngineMode[] = allModes.filter((mode) => !clientModes.includes(mode));

/** Those in which a caller is led to a socket, so that a proxy can stand in front of the engine. */
export const socketModes: readonly EngineMode[] = ['docker', 'docker-client', 'podman-socket'];

/** Those of the distinct ones in which a container can be paused: a rootless one cannot under cgroups v1. */
export const pausableModes: readonly EngineMode[] = distinctModes.filter(
  (mode) => mode !== 'podman-rootless',
);

/** The ways that can be tested here. In CI all of them can, or the set-up has failed already. */
export const modes: readonly EngineMode[] = allModes.filter((mode) => engines.modes[mode].available);

/** Modes whose tests podman's ways take in turns. */
interface Turns {
  readonly inTurns: readonly EngineMode[];
}

/**
 * For promises that hang on podman's client, and not on how it is started: of podman's ways among these each test runs in
 * one, and in all the others (turns.ts).
 */
export const inTurns = (among: readonly EngineMode[]): Turns => ({ inTurns: among });

/**
 * One `describe` per mode. One that is missing shows up as skipped, with the reason. `atOnce`: the tests run beside each
 * other, since they mostly wait; each needs a container of its own.
 */
export function describeModes(
  body: (mode: EngineMode) => void,
  only: readonly EngineMode[] | Turns = usualModes,
  { atOnce = false }: { atOnce?: boolean } = {},
): void {
  const [list, turns] = 'inTurns' in only ? [only.inTurns, true] : [only, false];
  const among = list.filter((mode) => engines.modes[mode].available);
  for (const mode of list) {
    const state = engines.modes[mode];
    if (state.available)
      describe(mode, { concurrent: atOnce }, () => {
        body(mode);
        const { tasks } = TestRunner.getCurrentSuite();
        if (turns) tasks.splice(0, tasks.length, ...tasks.filter((_, nth) => hasTurn(mode, among, nth)));
      });
    else describe.skip(`${mode} (${state.why})`, () => body(mode));
  }
}
