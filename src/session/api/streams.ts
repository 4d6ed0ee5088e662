import { isatty } from 'node:tty';
import type { Upgraded } from '../../engine/transport/api/connection.ts';
import { type Output, readFrames } from '../../engine/transport/api/frames.ts';
import { trace } from '../../report/trace.ts';
import { startOf } from '../plan/session-id.ts';
import { type Greeting, readGreeting } from '../streams/greeting.ts';
import { openSink, type Sink, type SinkEvents } from '../streams/sink.ts';
import { openSource, type Source } from '../streams/source.ts';
import { type ClientEnd, endUnwritten } from '../verdict/ending.ts';
import type { ExecSession } from './exec-session.ts';

/** So much of what the engine says instead of hermes is kept, in bytes. */
const wordsLimit = 4096;

/** What came of a session's stream. */
export type Streamed = {
  readonly greeting: Greeting | undefined;
  readonly words: string;
  /** an output could not be written, so that the session has lost its reader */
  readonly failed: ClientEnd | undefined;
};

/** The caller's outputs, opened before there is anything to write. */
export type Outputs = {
  readonly sinks: Record<Output, Sink>;
  /** the system's code by which one of them failed, so far */
  readonly failed: () => string | undefined;
  /** from now on whoever listens is told */
  readonly listen: (events: { drained: (output: Output) => void; failed: (code: string) => void }) => void;
};

/** Opens them. Stderr, on which mostly nothing is said, when something is. */
export function openOutputs({ stdoutTerminal, stderrTerminal }: ExecSession): Outputs {
  let failed: string | undefined;
  let listener: Parameters<Outputs['listen']>[0] | undefined;
  const eventsOf = (output: Output): SinkEvents => ({
    drained: () => listener?.drained(output),
    failed: (code) => {
      failed ??= code;
      listener?.failed(code);
    },
  });
  return {
    sinks: {
      stdout: openSink(1, stdoutTerminal, true, eventsOf('stdout')),
      stderr: openSink(2, stderrTerminal, false, eventsOf('stderr')),
    },
    failed: () => failed,
    listen: (events) => {
      listener = events;
    },
  };
}

/** Connects the session with the caller's descriptors, until its stream ends. */
export async function connectStreams(
  session: ExecSession,
  { socket, head }: Upgraded,
  { sinks, listen, failed: failedBefore }: Outputs,
  events: { begun: () => void; reading: (source: Source) => void },
): Promise<Streamed> {
  const { request, api } = session;
  const terminal = request.terminal !== undefined;
  const greeting = readGreeting();
  let greeted: Greeting | undefined;
  // stderr's, until hermes begins
  const held: Buffer[] = [];
  let failed: ClientEnd | undefined;
  let source: Source | undefined;
  const blocked = new Set<Output>();
  const fail = (code: string): void => {
    failed ??= endUnwritten(code);
    socket.destroy();
  };
  listen({
    drained: (output) => {
      blocked.delete(output);
      if (blocked.size === 0) socket.resume();
    },
    failed: fail,
  });
  const before = failedBefore();
  if (before !== undefined) fail(before);
  const write = (output: Output, bytes: Buffer): void => {
    if (bytes.length === 0 || failed || sinks[output].write(bytes)) return;
    blocked.add(output);
    socket.pause();
  };
  /** Only once hermes has begun: input that was read for a session which never begins would be lost to the next try. */
  const feed = (): void => {
    let over = false;
    const opening = openSource(session.stdinTerminal, {
      take: (bytes) => socket.destroyed || socket.write(bytes),
      ended: () => {
        over = true;
        // a terminal session's connection is never half-closed: docker ends its stream at that
        if (!terminal) socket.end();
        // nobody types any more, and who ignores HUP (nohup) is not told otherwise
        else if (session.stdinTerminal && !isatty(0)) fail('EIO');
      },
      failed: fail,
    });
    void opening.then((opened) => {
      source = opened;
      if (socket.destroyed) return opened.close();
      events.reading(opened);
      socket.on('drain', () => over || opened.resume());
      if (opened.pid !== undefined) session.watchdog.watch({ pid: opened.pid, start: startOf(opened.pid) });
    });
  };
  const take = (output: Output, bytes: Buffer): void => {
    if (greeted) {
      write(output, bytes);
      return;
    }
    if (output === 'stderr') {
      held.push(Buffer.from(bytes));
      return;
    }
    const found = greeting.push(bytes);
    if (found === undefined) return;
    greeted = found.greeting;
    if (greeted !== 'started') return;
    events.begun();
    if (request.stdin) feed();
    write('stdout', greeting.before());
    for (const text of held) write('stderr', text);
    write('stdout', found.rest);
  };
  const filtered = api.libpod && !terminal ? withoutUnreadInput(take) : take;
  const frames = terminal ? (chunk: Buffer) => take('stdout', chunk) : readFrames(filtered);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.removeAllListeners('error').on('error', () => undefined);
  const read = (chunk: Buffer): void => {
    try {
      frames(chunk);
    } catch (error) {
      trace(() => (error as Error).message);
      socket.destroy();
    }
  };
  socket.on('data', read);
  // the engine's half of the connection ends with the session; ours is not needed any more then
  socket.once('end', () => socket.destroy());
  if (head.length > 0) read(head);
  if (blocked.size === 0) socket.resume();
  await closed;
  source?.close();
  await Promise.all([sinks.stdout.finish(), sinks.stderr.finish()]);
  const words = Buffer.concat([greeting.before(), ...held]);
  return { greeting: greeted, words: words.toString('utf8', 0, wordsLimit), failed };
}

/**
 * podman's service complains on stderr that hermes did not read all of its input (4.3: `Error: read unixpacket …
 * connection reset by peer`), which is nobody's business.
 */
function withoutUnreadInput(take: (output: Output, bytes: Buffer) => void): typeof take {
  return (output, bytes) => {
    if (output === 'stderr' && /^Error: (?:read|write) unixpacket .*\n?$/.test(bytes.toString('latin1')))
      return;
    take(output, bytes);
  };
}
