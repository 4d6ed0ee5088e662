import { constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { errorCode } from '../../system/error-code.ts';
import { writeDescriptor } from './descriptor-stream.ts';
import { relaySink } from './relay-sink.ts';

/**
 * One of the caller's outputs. It is written only as fast as it is read, and nobody else's descriptor is changed:
 * `O_NONBLOCK` belongs to the open file description, which others share, so a pipe and a terminal are opened anew.
 */
export type Sink = {
  /** @returns false: nothing more, please, until `drained` is called */
  readonly write: (bytes: Buffer) => boolean;
  /** Resolves when all that was written is out, or nobody takes it any more. */
  readonly finish: () => Promise<void>;
};

/** What a sink tells of itself. `failed`: with the system's code; EPIPE where nobody reads any more. */
export type SinkEvents = { readonly drained: () => void; readonly failed: (code: string) => void };

/** How long a terminal that takes nothing (Ctrl-S) is left alone before it is tried again, in milliseconds. */
const terminalPauseMs = 5;

/** So many bytes wait for a slow pipe before the engine is asked to wait, too. */
const waitingBytes = 256 * 1024;

/**
 * Makes a sink of one of the descriptors 1 and 2.
 * @param atOnce opens it now, not at the first write: what is lacking (descriptors, processes) is told before hermes begins
 */
export function openSink(descriptor: number, terminal: boolean, atOnce: boolean, events: SinkEvents): Sink {
  let failed = false;
  const once: SinkEvents = {
    drained: events.drained,
    failed: (code) => {
      if (failed) return;
      failed = true;
      events.failed(code);
    },
  };
  let sink: Sink | undefined;
  if (atOnce) sink = open(descriptor, terminal, once);
  return {
    write: (bytes) => {
      // what came for an output that is closed is nobody's
      if (failed) return true;
      sink ??= open(descriptor, terminal, once);
      return sink.write(bytes);
    },
    finish: () => (failed ? Promise.resolve() : (sink?.finish() ?? Promise.resolve())),
  };
}

function open(descriptor: number, terminal: boolean, events: SinkEvents): Sink {
  const stats = look(descriptor);
  if (stats?.isFIFO() || terminal) {
    const own = openAnew(descriptor);
    // a FIFO that nobody reads
    if (own === 'ENXIO') {
      events.failed('EPIPE');
      return { write: () => true, finish: () => Promise.resolve() };
    }
    if (typeof own === 'number') return terminal ? terminalSink(own, events) : pipeSink(own, events);
  } else if (stats === undefined || stats.isFile() || stats.isCharacterDevice()) {
    return fileSink(descriptor, events);
  }
  return relaySink(descriptor, events);
}

function look(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

/** The same file by an open file description of our own: it is non-blocking for us alone. */
function openAnew(descriptor: number): number | string {
  try {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(`/proc/self/fd/${descriptor}`, flags);
  } catch (error) {
    return errorCode(error);
  }
}

/** Writes as much as goes at once. @returns what is left; undefined after a failure, which is told */
function writeNow(descriptor: number, bytes: Buffer, events: SinkEvents): Buffer | undefined {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EAGAIN') return rest;
      if (code === 'EINTR') continue;
      events.failed(code);
      return undefined;
    }
  }
  return rest;
}

/** A regular file, or a device such as /dev/null: their position is the caller's, too, and they block nobody for long. */
function fileSink(descriptor: number, events: SinkEvents): Sink {
  return {
    write: (bytes) => {
      const rest = writeNow(descriptor, bytes, events);
      // a file that somebody else has made non-blocking is one all the same
      if (rest && rest.length > 0) events.failed('EAGAIN');
      return true;
    },
    finish: () => Promise.resolve(),
  };
}

function pipeSink(own: number, events: SinkEvents): Sink {
  let stream: Writable | undefined;
  return {
    write: (bytes) => {
      const waiting = stream !== undefined && stream.writableLength > 0;
      const rest = waiting ? bytes : writeNow(own, bytes, events);
      if (rest === undefined || rest.length === 0) return true;
      stream ??= streamOf(own, events);
      return stream.write(rest);
    },
    finish: () => finished(stream),
  };
}

function streamOf(own: number, events: SinkEvents): Writable {
  return writeDescriptor(own, waitingBytes)
    .on('error', (error: NodeJS.ErrnoException) => events.failed(error.code ?? 'EIO'))
    .on('drain', events.drained);
}

function finished(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.writableLength === 0 || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream
      .once('drain', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    stream.end(() => resolve());
  });
}

/** node's streams for terminals block, so a terminal that is stopped is tried again and again. */
function terminalSink(own: number, events: SinkEvents): Sink {
  let waiting: Buffer[] = [];
  let idle: (() => void) | undefined;
  const retry = (): void => {
    const rest = writeNow(own, Buffer.concat(waiting), events);
    waiting = rest && rest.length > 0 ? [rest] : [];
    if (waiting.length > 0) return void setTimeout(retry, terminalPauseMs);
    idle?.();
    events.drained();
  };
  return {
    write: (bytes) => {
      if (waiting.length > 0) return waiting.push(bytes) < 0;
      const rest = writeNow(own, bytes, events);
      if (rest === undefined || rest.length === 0) return true;
      waiting = [rest];
      setTimeout(retry, terminalPauseMs);
      return false;
    },
    finish: () =>
      waiting.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idle = resolve;
          }),
  };
}
