import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { stateCommand } from '../../engine/transport/transport.ts';
import { helpersPath } from '../../route/search-path.ts';
import type { Environment } from '../../system/environment.ts';
import controlScript from './control-script.sh';
import { type Address, controlCommand } from './control-script.ts';
import { graceSeconds } from './session-control.ts';
import watchdog from './watchdog.sh';

/** What the shim writes into the watchdog's control pipe (`watchdog.sh` says what it does with it). */
export type Watchdog = {
  /** From now on the session is ended if we are killed. Before the client is started. */
  readonly guard: (address: Address) => void;
  /** A process of ours that has to end, too. */
  readonly watch: (client: { readonly pid: number; readonly start: string }) => void;
  /** The session has had its HUP. */
  readonly hungUp: () => void;
  /** The engine hangs over the session's start, and may go on when we are gone. */
  readonly pending: () => void;
  /** All is well; or, where there are suspects, it probably is: the session is ended if it is among them. */
  readonly dismiss: (suspects?: readonly string[]) => void;
};

/**
 * Starts the watchdog, a small sh that ends the session when the shim cannot, for it was killed by SIGKILL. The kernel
 * then closes the control pipe, which only the shim holds, and the watchdog reads its end of file. It has a process
 * session of its own, since whoever kills the shim's process group must not reach it. It is started while the probe
 * runs, where it costs no time, so that it is there before the client is.
 * @param env the caller's; its helpers are not looked for where the current directory decides what they are
 */
export function startWatchdog(env: Environment): Watchdog {
  const child = spawn('/bin/sh', ['-c', watchdog, 'hermes-watchdog', controlScript], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { ...env, PATH: helpersPath(env) },
    cwd: '/',
  });
  child.on('error', () => undefined); // without sh there is no watchdog; everything else still works
  // without descriptors to spare there is no stream, and no watchdog
  const controlPipe = child.stdin as (Writable & { unref?: () => void }) | null | undefined;
  controlPipe?.on('error', () => undefined);
  controlPipe?.unref?.();
  child.unref();
  const write = (lines: readonly string[]): void => void controlPipe?.write(`${lines.join('\n')}\n`);
  return {
    guard: (address) => {
      const words = controlCommand(address, ['hangup', String(graceSeconds * 10)]);
      const asked = words.map((word) => (word === controlScript ? '@control-script' : word));
      write([...asked, '', ...stateCommand(address.via, address.containerId), '']);
    },
    watch: ({ pid, start }) => write([`client ${pid} ${start}`]),
    hungUp: () => write(['hup']),
    pending: () => write(['pending']),
    dismiss: (suspects = []) =>
      void controlPipe?.end(suspects.length > 0 ? `suspects ${suspects.join(' ')}\n` : 'well\n'),
  };
}
