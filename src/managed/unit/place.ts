import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../system/environment.ts';
import type { Who } from '../file/wanted.ts';
import { unitMarker, unitName } from './text.ts';

/** Where a unit of ours lies: the administrator's place, or the user's. */
export function unitFile(who: Who, env: Environment, containerName: string): string {
  const config = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(who.home, '.config');
  return join(who.uid === 0 ? '/etc/systemd/system' : join(config, 'systemd/user'), unitName(containerName));
}

/** Does a unit of ours start the container? A file alone does nothing: systemd has to run this machine. */
export function startsByUnit(who: Who, env: Environment, containerName: string): boolean {
  return hasSystemd() && readUnit(unitFile(who, env, containerName))?.startsWith(unitMarker) === true;
}

/** A unit's text; `undefined` where there is none. */
export function readUnit(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Does systemd run this machine (sd_booted(3))? */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}
