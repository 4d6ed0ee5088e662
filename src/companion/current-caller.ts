import { type Caller, readCaller } from '../route/caller.ts';
import type { Name } from '../route/name.ts';
import type { Environment } from '../system/environment.ts';

/** The caller that `hermes` would have here and now, with these arguments: same user, same environment, same launcher. */
export function currentCaller(
  name: Name = 'hermes',
  args: readonly string[] = [],
  env: Environment = process.env,
): Caller {
  return readCaller(['node', 'bundle', name, ...args], env, {
    uid: process.getuid?.() ?? 0,
    pid: process.pid,
  });
}

/** The same caller without the bypass: what is asked about the container is not a matter of `HERMES_DEV`. */
export function withoutBypass(caller: Caller): Caller {
  const { HERMES_DEV: _, ...env } = caller.env;
  return { ...caller, env };
}
