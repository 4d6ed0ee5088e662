import type { Socket } from 'node:net';
import type { Api } from '../../engine/access.ts';
import { type Upgraded, warm } from '../../engine/transport/api/connection.ts';
import { createExec, type ExecRequest, Refused, startExec } from '../../engine/transport/api/exec.ts';
import { isShortage } from '../../report/shortage.ts';
import { trace } from '../../report/trace.ts';
import { errorCode } from '../../system/error-code.ts';
import type { Client } from '../client/client.ts';
import type { Watchdog } from '../control/watchdog.ts';
import type { Source } from '../streams/source.ts';
import { restoreNow, type TerminalState } from '../streams/terminal-state.ts';
import { makeRawBeforehand, type RawTerminal } from '../streams/window.ts';
import type { ClientEnd, Fate } from '../verdict/ending.ts';
import { askHowItEnded } from './exec-end.ts';
import { keepSize } from './resize.ts';
import { connectStreams, openOutputs } from './streams.ts';

/** A session over the engine's API: what to run, and how it is connected with the caller. */
export type ExecSession = {
  readonly api: Api;
  readonly request: ExecRequest;
  readonly stdinTerminal: boolean;
  readonly stdoutTerminal: boolean;
  readonly stderrTerminal: boolean;
  /** descriptors of 0 to 2 that were closed, and are closed in the container */
  readonly closed: readonly number[];
  /** of the caller's terminal before, in a terminal session */
  readonly settings: TerminalState | undefined;
  /** ends what reads the caller's stdin in our place, where we are killed */
  readonly watchdog: Pick<Watchdog, 'watch'>;
};

/**
 * Runs a session by the engine's API: the exec is created, started, and then the connection is its input and output.
 * There is no process of the engine's beside us. Never throws: what went wrong is how it ended.
 */
export function startExecSession(session: ExecSession): Client {
  let socket: Socket | undefined;
  let source: Source | undefined;
  let killed = false;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = run(session, {
    begun: begin,
    opened: (upgraded) => {
      socket = upgraded;
      if (killed) upgraded.destroy();
    },
    reading: (opened) => {
      source = opened;
    },
  });
  return {
    process: undefined,
    begun,
    ended,
    signal: (signal) => {
      if (signal === 'SIGSTOP') source?.pause();
      if (signal === 'SIGCONT') source?.resume();
      if (signal !== 'SIGKILL') return;
      killed = true;
      socket?.destroy();
      source?.close();
    },
  };
}

type Handles = {
  readonly opened: (socket: Socket) => void;
  readonly begun: () => void;
  readonly reading: (source: Source) => void;
};

async function run(session: ExecSession, handles: Handles): Promise<ClientEnd> {
  const before = session.request.terminal ? await session.settings : undefined;
  const restore = before && (() => restoreNow(before.settings));
  if (restore) process.once('exit', restore);
  // only where it can be taken back: its settings are known
  const raw = restore && makeRawBeforehand();
  const begun = (): void => {
    raw?.begun();
    handles.begun();
  };
  try {
    return await runExec(session, before, raw, { ...handles, begun });
  } finally {
    await raw?.over();
    if (restore) {
      process.removeListener('exit', restore);
      restore();
    }
  }
}

async function runExec(
  session: ExecSession,
  restorable: Awaited<TerminalState>,
  raw: RawTerminal | undefined,
  handles: Handles,
): Promise<ClientEnd> {
  const { api, request } = session;
  const terminal = request.terminal !== undefined;
  const silent = [1, 2].every((descriptor) => session.closed.includes(descriptor));
  const outputs = openOutputs(session);
  let id: string;
  try {
    id = await createExec(api, request);
    await raw?.done();
    const lacking = outputs.failed();
    // nothing is started whose output has no way to the caller
    if (lacking !== undefined && isShortage(lacking)) return neverStarted(lacking);
  } catch (error) {
    return neverStarted(error instanceof Refused ? error.message : errorCode(error));
  }
  let upgraded: Upgraded;
  try {
    upgraded = await startExec(api, id, request);
  } catch (error) {
    // 502 to 504 are said by what stands in front of an engine, and prove nothing
    if (error instanceof Refused && !(error.status >= 502 && error.status <= 504))
      return neverStarted(error.message);
    trace(() => `the exec's start was cut short: ${errorCode(error)}`);
    return askHowItEnded(api, id, request.containerId, silent);
  }
  handles.opened(upgraded.socket);
  warm(api.socket);
  trace(() => `the exec ${id.slice(0, 12)} has started`);
  const sized = terminal ? keepSize(api, id, restorable, raw) : undefined;
  const stream = await connectStreams(session, upgraded, outputs, handles);
  await sized?.();
  if (stream.failed) return stream.failed;
  const { greeting, words } = stream;
  if (greeting === 'missing' || greeting === 'forbidden') return neverStarted(words, greeting);
  const end = await askHowItEnded(api, id, request.containerId, silent);
  trace(
    () => `the exec has ended: ${JSON.stringify(end)}${greeting ? '' : `, before hermes; it said: ${words}`}`,
  );
  const tooLong = /argument list too long/i.test(words);
  if (greeting === undefined && (end.neverRan || tooLong)) return neverStarted(words);
  return end;
}

function neverStarted(words: string, why: Extract<Fate, { is: 'never' }>['why'] = 'refused'): ClientEnd {
  const lacking = isShortage(words) ? { lacking: words } : {};
  return { code: 125, signal: null, fate: { is: 'never', why, words, ...lacking } };
}
