import { isExecutable } from '../../route/native.ts';
import type { Environment } from '../../system/environment.ts';
import { runCommand } from '../../system/run-command.ts';

/**
 * nix-store, where it is there (sudo's PATH does not have it) and could keep this path: a store that was copied has no
 * database that knows it, and a daemon may not run. Then there is nothing that could be done.
 */
export async function findStoreTool(path: string, env: Environment): Promise<string | undefined> {
  const { PATH = '' } = env;
  const places = [...PATH.split(':'), '/nix/var/nix/profiles/default/bin', '/run/current-system/sw/bin'];
  const tool = places
    .map((directory) => `${directory}/nix-store`)
    .find((file) => file.startsWith('/') && isExecutable(file));
  if (tool === undefined) return undefined;
  const asked = await runCommand([tool, '--check-validity', path], { env, timeoutMs: 20_000 });
  return asked.kind === 'exited' && asked.code === 0 ? tool : undefined;
}
