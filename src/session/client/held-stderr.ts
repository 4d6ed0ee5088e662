import type { Readable } from 'node:stream';
import { sleep } from '../../system/sleep.ts';
import { type Greeting, readGreeting } from '../streams/greeting.ts';
import { openSink } from '../streams/sink.ts';
import { type ClientEnd, endUnwritten } from '../verdict/ending.ts';

/** So much is held back, in bytes; a client that says more is debugging. */
const heldLimit = 64 * 1024;

/**
 * The stderr of a client that enters a container without having looked: held back until hermes is known to begin, so that
 * the caller sees nothing of an attempt that started nothing. The exec wrapper says so by a greeting on stderr; in a
 * terminal session it has none, and only the client itself writes there.
 */
export type HeldStderr = {
  /** From now on this is passed on, or held. */
  readonly take: (stream: Readable) => void;
  /**
   * The client has ended. Resolves when all that it wrote is taken, and out or held: with its end, and whether that says
   * that hermes was not started.
   */
  readonly end: (end: ClientEnd) => Promise<ClientEnd>;
  /** Resolves where the caller's stderr cannot be written. */
  readonly failed: Promise<ClientEnd>;
  /** Is hermes known to have begun? */
  readonly begun: () => boolean;
  /** Resolves when it is. */
  readonly started: Promise<void>;
  /** The caller sees what is held after all. */
  readonly release: () => Promise<void>;
};

/**
 * @param terminal the caller's stderr is one
 * @param refused do these words of the client say that it started nothing?
 * @param open exchanged in tests
 */
export function holdStderr(
  terminal: boolean,
  refused: (words: string) => boolean,
  open: typeof openSink = openSink,
): HeldStderr {
  let stream: Readable | undefined;
  let reader = readGreeting();
  let greeting: Greeting | undefined;
  let released = false;
  let over = false;
  let reads = 0;
  let fail: (end: ClientEnd) => void = () => undefined;
  const failed = new Promise<ClientEnd>((resolve) => {
    fail = resolve;
  });
  let start: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const sink = open(2, terminal, false, {
    drained: () => void stream?.resume(),
    failed: (code) => {
      // the client hears of it at its next word, as if the descriptor were its own
      stream?.destroy();
      fail(endUnwritten(code));
    },
  });
  const write = (bytes: Buffer): void => {
    if (bytes.length > 0 && !sink.write(bytes)) stream?.pause();
  };
  /** Lets go of all but the last byte, which may be the greeting's first. */
  const shorten = (): void => {
    const held = reader.before();
    if (held.length <= heldLimit) return;
    write(held.subarray(0, -1));
    reader = readGreeting();
    reader.push(held.subarray(-1));
  };
  const read = (bytes: Buffer): void => {
    reads += 1;
    if (greeting === 'started') write(bytes);
    if (greeting !== undefined) return;
    const found = reader.push(bytes);
    if (found === undefined) {
      shorten();
      return;
    }
    greeting = found.greeting;
    if (greeting !== 'started') return;
    start();
    released = true;
    write(reader.before());
    write(found.rest);
  };
  return {
    failed,
    started,
    begun: () => greeting === 'started',
    take: (from) => {
      stream = from;
      from.on('data', read).on('error', () => undefined);
      from.once('close', () => {
        over = true;
      });
    },
    end: async (end) => {
      // Somebody whom the client left behind may hold the other end: what was written before is there at the next turns.
      for (let quiet = 0, seen = reads; !over && quiet < 3; ) {
        const waits = stream?.isPaused() === true;
        await (waits ? sleep(5) : new Promise(setImmediate));
        if (seen === reads && !waits) quiet += 1;
        else quiet = 0;
        seen = reads;
      }
      if (greeting === 'started') {
        await sink.finish();
        return end;
      }
      const words = reader.before().toString('utf8');
      if (greeting === undefined && (end.code === 0 || !refused(words))) return end;
      return { ...end, fate: { is: 'never', why: greeting ?? 'refused', words } };
    },
    release: async () => {
      if (!released) write(reader.before());
      released = true;
      await sink.finish();
    },
  };
}
