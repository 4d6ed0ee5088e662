import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { errorCode } from '../../system/error-code.ts';
import { endingSignals } from '../control/signals.ts';
import { startCat } from './cat.ts';
import type { Sink, SinkEvents } from './sink.ts';

/**
 * Somebody else's pipe or terminal (`su`, `sudo -u`), or a socket, cannot be opened anew (proc(5): EACCES, ENXIO). There a
 * `cat` writes, which may block. It has a process session of its own, so that a terminal's Ctrl-C does not end it, and it
 * ignores what ends a whole unit at once (systemd.kill(5)): hermes's last words pass through it. It ends with its input.
 */
export function relaySink(descriptor: number, events: SinkEvents): Sink {
  const cat = startCat(endingSignals, { stdio: ['pipe', descriptor, 'ignore'], detached: true, cwd: '/' });
  const stream = cat.stdin as Writable | null;
  const ended = endOf(cat);
  void ended.then((code) => code && events.failed(code));
  stream
    ?.on('error', () => undefined) // told by its end
    .on('drain', events.drained);
  return {
    write: (bytes) => stream?.write(bytes) ?? true,
    finish: () => {
      stream?.end();
      return ended.then(() => undefined);
    },
  };
}

/** Why it ended, as a system's code: it could not be started, or nobody reads any more; nothing where all is well. */
function endOf(cat: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    cat.once('error', (error) => resolve(errorCode(error)));
    cat.once('exit', (code) => resolve(code === 0 ? undefined : 'EPIPE'));
  });
}
