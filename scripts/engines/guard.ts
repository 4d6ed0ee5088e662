/** Cleans up when the run cannot: a Ctrl-C, a SIGKILL, a crash. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Guard {
  /** The run has cleaned up itself: the guard goes home. */
  dismiss(): void;
  /** The guard cleans up now, out of a terminal's reach; resolves when it has gone home. */
  sweep(): Promise<void>;
}

/**
 * A small sh that blocks on a pipe which only this process holds. End of file without a word of parting means that we
 * are dead, however we died, and it becomes `engines.ts sweep <dir>`. In its own session: no terminal ends it.
 */
export function postGuard(dir: string): Guard {
  const script = 'read -r word; [ "$word" = bye ] || exec "$@"';
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const engines = fileURLToPath(new URL('../engines.ts', import.meta.url));
  const sweep = [process.execPath, '--import', tsx, engines, 'sweep', dir];
  const child = spawn('/bin/sh', ['-c', script, 'hermes-shim-bed-guard', ...sweep], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.unref();
  // A pipe to a child keeps Node running unless it is told not to.
  (child.stdin as unknown as { unref(): void }).unref();
  return {
    dismiss: () => child.stdin.end('bye\n'),
    sweep: () =>
      new Promise((resolve, reject) => {
        const done = (code: number | null) =>
          code === 0 ? resolve() : reject(new Error(`cleaning up failed: ${sweep.join(' ')}`));
        if (child.exitCode !== null || child.signalCode !== null) return done(child.exitCode);
        child.ref();
        child.once('close', done);
        child.stdin.end();
      }),
  };
}
