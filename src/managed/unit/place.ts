import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configDirectory, type Environment } from '../../system/environment.ts';
import { textOf } from '../../system/text-of.ts';
import type { Context } from '../apply/context.ts';
import type { Who } from '../file/wanted.ts';
import type { Record } from '../write/record.ts';
import { unitMarker, unitName } from './text.ts';

/** Where a unit of ours lies: the administrator's place, or the user's. */
export function unitFile(who: Who, env: Environment, containerName: string): string {
  const config = configDirectory(env.XDG_CONFIG_HOME, who.home);
  return join(who.uid === 0 ? '/etc/systemd/system' : join(config, 'systemd/user'), unitName(containerName));
}

/** Does a unit of ours start the container? A file alone does nothing: systemd has to run this machine. */
export function startsByUnit(who: Who, env: Environment, containerName: string): boolean {
  return hasSystemd() && textOf(unitFile(who, env, containerName))?.startsWith(unitMarker) === true;
}

/**
 * What the container was called before, where a unit of ours still starts that; `undefined` where there is none.
 * @param record what is remembered of this state directory: another one's unit is none of its business
 */
export function nameBefore(
  { who, caller, wanted }: Pick<Context, 'who' | 'caller' | 'wanted'>,
  { unit }: Pick<Record, 'unit'>,
): string | undefined {
  if (unit === undefined || unit === wanted.containerName) return undefined;
  return startsByUnit(who, caller.env, unit) ? unit : undefined;
}

/** Does systemd run this machine (sd_booted(3))? */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}
