import { readFileSync } from 'node:fs';
import type { EngineAccess } from '../../engine/access.ts';
import { sleep } from '../../system/sleep.ts';
import type { SessionControl } from '../control/session-control.ts';
import { isBackground } from '../plan/descriptors.ts';
import type { Client } from './client.ts';

/** Longest time, in milliseconds, that Ctrl-Z waits for the session to be stopped before the shim stops itself. */
const stopPatienceMs = 1000;

/** Does what a TSTP or CONT asks for. */
export type JobControl = (signal: 'SIGTSTP' | 'SIGCONT') => Promise<void>;

/**
 * TSTP in an orphaned process group is ignored, so the session is stopped by STOP. A client that root owns is never
 * stopped; one that would read a terminal is not resumed in the background, where it would eat what is typed.
 * @param client the engine's, as soon as there is one
 */
export function openJobControl(
  session: { readonly via: EngineAccess; readonly readsTerminal: boolean },
  client: () => Client | undefined,
  control: SessionControl,
): JobControl {
  const own = session.via.access.kind !== 'sudo';
  // Ctrl-Z pressed twice stops once, and a CONT takes back what is still to come, as the kernel does it (signal(7))
  let stop: symbol | undefined;
  return async (signal) => {
    if (signal === 'SIGCONT') {
      stop = undefined;
      if (own && !(session.readsTerminal && isBackground(readFileSync('/proc/self/stat', 'utf8'))))
        client()?.signal('SIGCONT');
      await control.send('SIGCONT', 'group');
      return;
    }
    if (stop) return;
    const asked = Symbol();
    stop = asked;
    if (own) client()?.signal('SIGSTOP');
    await Promise.race([control.send('SIGSTOP', 'group'), sleep(stopPatienceMs, { ref: false })]);
    if (stop === asked) process.kill(process.pid, 'SIGSTOP');
  };
}
