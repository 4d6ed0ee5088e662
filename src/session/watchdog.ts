import { spawn } from 'node:child_process';
import type { Environment } from '../route/inside.ts';
import { type Address, errandCommand, graceSeconds } from './messenger.ts';

/**
 * Blocks on its stdin, whose other end only the shim holds. A word means that all is well; end of file without one
 * means that the shim was killed (OOM, `timeout -s KILL`): then client and session are ended as by a hangup.
 * `$1` the client's pid, `$2` its start time (a pid may have come again), then the errand's command line.
 */
const script = `IFS= read -r word && exit 0
p=$1 t=$2
shift 2
"$@" >/dev/null 2>&1
read -r s <"/proc/$p/stat" || exit 0
set -- \${s##*) }
[ "\${20}" = "$t" ] && kill -HUP "$p"`;

/** The watchdog's leash. */
export type Watchdog = { readonly dismiss: () => void };

/**
 * Starts the watchdog: one small sh in its own process session, so that what ends the shim's group misses it.
 * Call it after the client was started: it is off the critical path.
 */
export function startWatchdog(
  client: { pid: number; start: string },
  address: Address,
  env: Environment,
): Watchdog {
  const errand = errandCommand(address, ['hangup', String(graceSeconds * 10)]);
  const args = ['-c', script, 'hermes-watchdog', String(client.pid), client.start, ...errand];
  const child = spawn('/bin/sh', args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env,
    cwd: '/',
  });
  child.on('error', () => undefined); // no sh, no watchdog: everything else still works
  child.stdin.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  return { dismiss: () => child.stdin.end('well\n') };
}
