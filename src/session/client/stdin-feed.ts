import type { Writable } from 'node:stream';
import type { Watchdog } from '../control/watchdog.ts';
import { startOf } from '../plan/session-id.ts';
import { openSource, type Source } from '../streams/source.ts';
import type { HeldStderr } from './held-stderr.ts';

/** Feeds a client's stdin. Returns what to do when the client has ended. */
export type StdinFeed = (stdin: Writable) => () => void;

/**
 * Reads the caller's stdin for a client only when hermes is known to have begun. Where root has it record input (sudoers(5),
 * `log_input`), sudo reads stdin also for a command that starts nothing, and what it has read nobody can give back to
 * the next attempt.
 * @param open exchanged in tests
 */
export function feedWhenBegun(
  held: Pick<HeldStderr, 'started'>,
  watchdog: Pick<Watchdog, 'watch'>,
  open: typeof openSource = openSource,
): StdinFeed {
  return (stdin) => {
    let source: Source | undefined;
    let over = false;
    const close = (): void => {
      over = true;
      source?.close();
    };
    // hermes reads no more of it
    stdin.on('error', close);
    const feed = async (): Promise<void> => {
      await held.started;
      if (over) return;
      const opened = await open(false, {
        take: (bytes) => stdin.write(bytes),
        ended: () => void stdin.end(),
        failed: () => void stdin.end(),
      });
      source = opened;
      if (over) return opened.close();
      stdin.on('drain', opened.resume);
      if (opened.pid !== undefined) watchdog.watch({ pid: opened.pid, start: startOf(opened.pid) });
    };
    void feed();
    return close;
  };
}
