import type { EngineAccess } from '../../engine/access.ts';
import type { Engine } from '../../route/metadata.ts';

/**
 * Codes that an engine's client also uses for itself: no container, no user, no binary, a daemon that went away
 * (measured on docker 20.10 and podman 4.3); and 137 and 143, by which a session ends when its container stops.
 */
const ambiguous: Readonly<Record<Engine, readonly number[]>> = {
  docker: [1, 125, 126, 127, 137, 143, 255],
  podman: [125, 126, 127, 137, 143, 255],
};

/**
 * Over the API the code is the session's own. Still it can end by these where hermes could not be run at the last moment,
 * and where its container was stopped.
 */
const ambiguousByApi = [126, 127, 137, 143];

/** May this code be the engine's rather than hermes's? 1 is also sudo's own. */
export function isAmbiguous(code: number, { engine, access, api }: EngineAccess): boolean {
  // podman does not say what it could not start
  if (api) return ambiguousByApi.includes(code) || (api.libpod && code === 125);
  return ambiguous[engine].includes(code) || (access.kind === 'sudo' && code === 1);
}
