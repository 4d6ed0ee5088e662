/** An environment as node holds one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** For programs of the system's own: nothing is looked up on a PATH that somebody else may have set, and they speak English. */
export const systemEnv = { PATH: '/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
