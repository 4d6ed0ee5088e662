import { constants, fstatSync, openSync, read } from 'node:fs';
import type { Readable } from 'node:stream';
import { errorCode } from '../../system/error-code.ts';
import { startCat } from './cat.ts';
import { readDescriptor } from './descriptor-stream.ts';
import { relayStdin } from './stdin-relay.ts';

/**
 * The caller's stdin. It is read only as fast as the engine takes it, and never by a thread that waits for somebody:
 * node's exit would wait for that, too. As with outputs, nobody else's descriptor is changed.
 */
export type Source = {
  readonly pause: () => void;
  readonly resume: () => void;
  /** Reads nothing more. */
  readonly close: () => void;
  /** of the process that reads in our place, where one does */
  readonly pid?: number | undefined;
};

/** What a source tells. `take` returns false: nothing more, please, until `resume` is called. */
export type SourceEvents = {
  readonly take: (bytes: Buffer) => boolean;
  readonly ended: () => void;
  /** it cannot be read, by this code of the system's */
  readonly failed: (code: string) => void;
};

/** Pieces in which a file is read, in bytes. */
const pieceBytes = 64 * 1024;

/** Opens descriptor 0 and begins to read. */
export async function openSource(terminal: boolean, events: SourceEvents): Promise<Source> {
  const stats = fstatSync(0);
  if (stats.isFile() || isNull(stats.rdev)) return fileSource(events);
  if (terminal || stats.isFIFO()) {
    const own = openAnew();
    if (own !== undefined) return streamSource(readDescriptor(own, terminal), events);
  }
  if (terminal) return terminalRelay(events);
  return relay(events);
}

/** /dev/null: devices(7) gives it 1 and 3. */
function isNull(device: number): boolean {
  return device === 0x103;
}

function openAnew(): number | undefined {
  try {
    return openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined; // somebody else's
  }
}

function streamSource(stream: Readable, events: SourceEvents, close = (): void => undefined): Source {
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    events.ended();
  };
  stream
    .on('data', (chunk: Buffer) => {
      if (!events.take(chunk)) stream.pause();
    })
    .once('end', end)
    // a terminal that is gone
    .once('error', end);
  return {
    pause: () => void stream.pause(),
    resume: () => void (over || stream.resume()),
    close: () => {
      over = true;
      stream.destroy();
      close();
    },
  };
}

/** A regular file: its position is the caller's, too, and no read of it waits for anybody. */
function fileSource(events: SourceEvents): Source {
  let [paused, reading, over] = [false, false, false];
  const buffer = Buffer.allocUnsafe(pieceBytes);
  const next = (): void => {
    if (paused || reading || over) return;
    reading = true;
    read(0, buffer, 0, pieceBytes, null, (error, count) => {
      reading = false;
      if (over) return;
      if (error || count === 0) {
        over = true;
        return events.ended();
      }
      if (!events.take(Buffer.from(buffer.subarray(0, count)))) paused = true;
      next();
    });
  };
  next();
  return {
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      next();
    },
    close: () => {
      over = true;
    },
  };
}

/**
 * A `cat` reads what cannot be opened anew, a socket or somebody else's pipe, and may block there. A signal for a whole unit
 * (systemd.kill(5)) does not end it: hermes would take that for the end of its input. The watchdog ends it by HUP.
 */
function relay(events: SourceEvents): Source {
  const cat = startCat(['SIGINT', 'SIGQUIT', 'SIGTERM'], {
    stdio: [0, 'pipe', 'ignore'],
    detached: true,
    cwd: '/',
  });
  cat.once('error', (error) => events.failed(errorCode(error)));
  cat.unref();
  const stream = cat.stdout as Readable | null;
  if (stream === null) return { pause: () => undefined, resume: () => undefined, close: () => undefined };
  return { ...streamSource(stream, events, () => void cat.kill('SIGKILL')), pid: cat.pid };
}

/** Somebody else's terminal: the `cat` is in our process group, where job control works by itself. */
async function terminalRelay(events: SourceEvents): Promise<Source> {
  const relayed = await relayStdin();
  if (relayed === undefined) {
    events.failed('EMFILE');
    return { pause: () => undefined, resume: () => undefined, close: () => undefined };
  }
  return { ...streamSource(readDescriptor(relayed.reader), events, relayed.end), pid: relayed.pid };
}
