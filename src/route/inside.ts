import { existsSync } from 'node:fs';
import type { Environment } from '../system/environment.ts';

/** What `HERMES_MANAGED` says where hermes is managed: the NixOS module's word, and since 2026 who manages it. */
const managed: ReadonlyArray<string | undefined> = ['true', 'nixos', 'home-manager'];

const markers = ['/.dockerenv', '/run/.containerenv'];

/**
 * Are we inside the managed container already? A container marker alone is not enough: dev containers and some
 * VM images carry a stray one and must still route, so our own environment has to say it too.
 * @param env the caller's environment
 * @param exists asked for a marker only when the environment says yes; exchanged in tests
 */
export function isInside(env: Environment, exists: (file: string) => boolean = existsSync): boolean {
  // what hermes-shim up writes there is a sentence of ours
  const declared =
    managed.includes(env.HERMES_MANAGED) ||
    env.HERMES_MANAGED?.startsWith('hermes-shim') === true ||
    Boolean(env.HERMES_SHIM_SESSION);
  return declared && markers.some((file) => exists(file));
}
