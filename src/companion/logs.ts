import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { engineCommand } from '../engine/access.ts';
import { findContext } from '../managed/apply/context.ts';
import type { Caller } from '../route/caller.ts';
import { listen } from '../system/listen.ts';
import { findKept } from './find-kept.ts';

/**
 * The container's log, by the engine's own client and its own outputs.
 * @returns the exit code
 */
export async function logs(
  caller: Caller,
  { file, follow, since }: { file: string | undefined; follow: boolean; since: string | undefined },
): Promise<number> {
  const context = await findContext(caller, file);
  const { container } = await findKept(context);
  const options = [...(follow ? ['--follow'] : []), ...(since === undefined ? [] : ['--since', since])];
  const [command = '', ...args] = engineCommand(context.via, ['logs', ...options, container.id]);
  // Ctrl-C ends the client, and then us
  listen(['SIGINT', 'SIGQUIT'], () => undefined);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: caller.env as Record<string, string>,
      stdio: 'inherit',
      cwd: '/',
    });
    listen(['SIGTERM', 'SIGHUP'], (signal) => child.kill(signal));
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 1)));
  });
}
