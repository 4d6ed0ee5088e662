import { connect, type Socket } from 'node:net';
import { type Answer, NonsenseAnswer, readAnswer } from './answer.ts';

/** A question to an engine's API. */
export type Question = {
  readonly method: 'GET' | 'POST';
  /** with its query, without the version */
  readonly path: string;
  readonly body?: unknown;
  /** the connection becomes a stream of the session's own when the answer is 101 or, where something in between takes
   * `Upgrade` away, 200 */
  readonly upgrade?: boolean;
};

/** A connection that became a session's, and what came of it already. */
export type Upgraded = { readonly socket: Socket; readonly head: Buffer };

/** What came of a question. */
export type Reply = { readonly answer: Answer; readonly upgraded?: Upgraded };

/** Connections whose last answer was whole, by socket: one is enough for a whole call, in which question follows answer. */
const idle = new Map<string, Socket>();

/**
 * Asks an engine's API on its local socket. node's own `http` would cost each call 4 ms more (measured).
 * @param version of the API, as `1.44`; without one the path is asked as it stands
 * @param options.signal gives up: the connection is closed
 * @throws the system's error where nobody answers, {@link NonsenseAnswer} where it is no answer
 */
export function ask(
  path: string,
  question: Question,
  { version, signal }: { version?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Reply> {
  if (signal?.aborted) return Promise.reject(new Error('given up'));
  return new Promise((resolve, reject) => {
    const socket = take(path) ?? connect(path);
    const reader = readAnswer(question.upgrade);
    const settle = (): void => {
      silence(socket);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new Error('given up'));
    /** @param over nobody answers on this connection any more */
    const finish = (answer: Answer, rest: Buffer, over = false): void => {
      settle();
      const taken = question.upgrade && (answer.status === 101 || answer.status === 200);
      if (taken) {
        socket.on('error', () => undefined).pause();
        resolve({ answer, upgraded: { socket, head: rest } });
        return;
      }
      if (over || answer.headers.get('connection')?.toLowerCase() === 'close' || rest.length > 0) {
        // half a millisecond, for which nobody shall wait
        setImmediate(() => socket.on('error', () => undefined).destroy());
      } else keep(path, socket);
      resolve({ answer });
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', fail);
    socket.once('end', () => {
      const answer = reader.end();
      if (answer) finish(answer, Buffer.alloc(0), true);
      else fail(closedEarly());
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        const received = reader.push(chunk);
        if (received) finish(received.answer, received.rest);
      } catch (error) {
        fail(error instanceof Error ? error : new NonsenseAnswer(String(error)));
      }
    });
    socket.write(toBytes(question, version));
  });
}

/** Opens a connection beforehand, for a question that will come: the one before has become a session's. */
export function warm(path: string): void {
  if (idle.has(path)) return;
  const socket = connect(path);
  socket.once('connect', () => keep(path, silence(socket))).once('error', () => socket.destroy());
  socket.unref();
}

function closedEarly(): NodeJS.ErrnoException {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}

/** A connection on which nothing is awaited any more. */
function silence(socket: Socket): Socket {
  return socket.removeAllListeners('data').removeAllListeners('end').removeAllListeners('error');
}

function take(path: string): Socket | undefined {
  const socket = idle.get(path);
  idle.delete(path);
  // one that has just been closed says nothing of what is written to it
  return socket?.writable && !socket.readableEnded ? silence(socket).ref() : undefined;
}

/** An idle connection holds nobody up, and is forgotten when the engine ends it. */
function keep(path: string, socket: Socket): void {
  const forget = (): void => {
    if (idle.get(path) === socket) idle.delete(path);
    socket.destroy();
  };
  socket.once('error', forget).once('end', forget).once('data', forget);
  socket.unref();
  idle.get(path)?.destroy();
  idle.set(path, socket);
}

function toBytes({ method, path, body, upgrade }: Question, version: string | undefined): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const lines = [
    `${method} ${version ? `/v${version}` : ''}${path} HTTP/1.1`,
    'Host: localhost',
    ...(upgrade ? ['Connection: Upgrade', 'Upgrade: tcp'] : []),
    ...(body === undefined ? [] : ['Content-Type: application/json']),
    ...(method === 'POST' ? [`Content-Length: ${Buffer.byteLength(text)}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}
