import { join } from 'node:path';

/** An environment as node holds one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A user's runtime directory; a relative `XDG_RUNTIME_DIR` counts as none (XDG base directory specification). */
export function runtimeDirectory(env: Environment, uid: number): string {
  return env.XDG_RUNTIME_DIR?.startsWith('/') ? env.XDG_RUNTIME_DIR : `/run/user/${uid}`;
}

/** A user's configuration; a relative `XDG_CONFIG_HOME` counts as none (XDG base directory specification). */
export function configDirectory(named: string | undefined, home: string): string {
  return named?.startsWith('/') ? named : join(home, '.config');
}

/** For programs of the system's own: nothing is looked up on a PATH that somebody else may have set, and they speak English. */
export const systemEnv = { PATH: '/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
