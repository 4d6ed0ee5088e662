import { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { ReadStream } from 'node:tty';

/*
 * Streams of descriptors that are non-blocking for us alone: pipes and terminals that we opened anew. Node has them in `net`
 * and `tty`. In Bun (1.4.5, of which the fast executable is made) a `Socket` of a descriptor does not wait: it fails at
 * the first EAGAIN, and what was not written yet is lost. Bun's own files wait as they should.
 */

/** What is used of Bun's own interface. */
type BunFile = {
  readonly stream: () => ReadableStream<Uint8Array>;
  readonly writer: (options: { highWaterMark: number }) => {
    readonly write: (bytes: Uint8Array) => number | Promise<number>;
    readonly flush: () => number | Promise<number>;
  };
};

const { Bun: bun } = globalThis as { Bun?: { readonly file: (descriptor: number) => BunFile } };

/** Reads a pipe or a terminal, only as far as it is asked to. */
export function readDescriptor(descriptor: number, terminal = false): Readable {
  if (!bun) return terminal ? new ReadStream(descriptor) : new Socket({ fd: descriptor, writable: false });
  const reader = bun.file(descriptor).stream().getReader();
  return new Readable({
    read() {
      reader.read().then(
        ({ done, value }) => void this.push(done ? null : value),
        (error: Error) => void this.destroy(error),
      );
    },
    destroy(error, done) {
      reader.cancel().catch(() => undefined);
      done(error);
    },
  });
}

/** Writes a pipe as fast as it is read. @param waitingBytes so many may wait before `write` says that it is enough */
export function writeDescriptor(descriptor: number, waitingBytes: number): Writable {
  if (!bun) {
    const options = { fd: descriptor, readable: false, writable: true, writableHighWaterMark: waitingBytes };
    return new Socket(options);
  }
  const writer = bun.file(descriptor).writer({ highWaterMark: waitingBytes });
  return new Writable({
    highWaterMark: waitingBytes,
    write(bytes: Buffer, _, done) {
      const out = async (): Promise<void> => {
        await writer.write(bytes);
        await writer.flush();
      };
      out().then(() => done(), done);
    },
  });
}
