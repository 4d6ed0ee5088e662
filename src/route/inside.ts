import { existsSync } from 'node:fs';
import type { Environment } from '../system/environment.ts';

const markers = ['/.dockerenv', '/run/.containerenv'];

/**
 * Are we inside the managed container already? A container marker alone is not enough: dev containers and some
 * VM images carry a stray one and must still route, so our own environment has to say it too.
 * @param env the caller's environment
 * @param hasMarker asked only when the environment says yes; exchanged in tests
 */
export function isInside(
  env: Environment,
  hasMarker = (): boolean => markers.some((file) => existsSync(file)),
): boolean {
  // what hermes-shim up writes there is a sentence of ours
  const managed = env.HERMES_MANAGED === 'true' || env.HERMES_MANAGED?.startsWith('hermes-shim') === true;
  const declared = managed || Boolean(env.HERMES_SHIM_SESSION);
  return declared && hasMarker();
}
