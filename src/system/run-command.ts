import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Environment } from './environment.ts';
import { errorCode } from './error-code.ts';
import { limitTime, type Patience, type Signs, type Silence } from './patience.ts';
import { tie } from './tied.ts';

/** How a short command of ours ended. */
export type CommandResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'not-started'; readonly code: string }
  | ({ readonly kind: 'timed-out' } & Silence);

/** Most that is kept of stdout, in characters: an inspect prints some ten thousand, more with labels of megabytes. */
export const outputLimit = 32 * 1024 * 1024;

const newline = 0x0a;

/** Most that is kept of stderr, in characters: half of it from the beginning, half from the end. */
const complaintLimit = 64 * 1024;

/**
 * Runs a short command to its end and keeps what it printed. In its own process session, so that a terminal's Ctrl-C
 * reaches the shim alone and no prompt can be asked there.
 * @param timeoutMs after this many milliseconds it is killed; or how patient to be with an engine
 * @param signal ends it early
 * @param cwd where it starts, by default in `/`
 * @param tied it is killed when a signal ends us
 * @param answer what to write to its stdin when it has printed its first line; without it stdin is /dev/null
 * @param isWhole is this output, which ends a line, all that there is to say? Then it counts as ended with 0 and is not waited for
 */
export function runCommand(
  argv: readonly string[],
  options: {
    env: Environment;
    timeoutMs: number | Patience;
    signal?: AbortSignal | undefined;
    argv0?: string;
    cwd?: string;
    tied?: boolean;
    answer?: ((line: string) => string) | undefined;
    isWhole?: ((stdout: string) => boolean) | undefined;
  },
): Promise<CommandResult> {
  const [command = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = start(command, args, {
      env: options.env,
      stdio: [options.answer ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
      cwd: options.cwd ?? '/',
      argv0: options.argv0,
    });
    if (typeof child === 'string') return resolve({ kind: 'not-started', code: child });
    // without descriptors to spare node makes no streams, and then says why by an error
    const [stdout, stderr] = [collect(child.stdout), collectEnds(child.stderr)];
    if (options.answer && child.stdin)
      converse(child.stdin as Writable, child.stdout as Readable, options.answer);
    // not waited for: sudo is root's and cannot be killed, and a grandchild may hold the pipes open
    const end = (silence: Silence): void => {
      killGroup(child.pid);
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      finish({ kind: 'timed-out', ...silence });
    };
    const begun = process.uptime();
    const endEarly = (): void =>
      end({ waitedMs: Math.round((process.uptime() - begun) * 1000), busy: false });
    const signs = async (): Promise<Signs> => (await import('./at-work.ts')).signsOf(child.pid ?? 0);
    const stopWatch = limitTime(options.timeoutMs, signs, end);
    const untie = options.tied ? tie(() => killGroup(child.pid)) : undefined;
    options.signal?.addEventListener('abort', endEarly, { once: true });
    const finish = (result: CommandResult): void => {
      stopWatch();
      untie?.();
      options.signal?.removeEventListener('abort', endEarly);
      resolve(result);
    };
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish({ kind: 'not-started', code: error.code ?? 'unknown' }),
    );
    const exited = (code: number | null): void =>
      finish({ kind: 'exited', code: code ?? 255, stdout: stdout(), stderr: stderr() });
    child.once('close', exited);
    const { isWhole } = options;
    if (!isWhole) return;
    child.stdout?.on('data', (chunk: Buffer) => chunk.at(-1) === newline && isWhole(stdout()) && exited(0));
  });
}

/** Starts it, or says why not: of some errors (E2BIG, ENOMEM) node throws, of others it tells later. */
function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess | string {
  try {
    return spawn(command, args, options);
  } catch (error) {
    return errorCode(error);
  }
}

/** Answers the first line, once. */
function converse(stdin: Writable, stdout: Readable, answer: (line: string) => string): void {
  stdin.on('error', () => undefined); // it did not wait for the answer
  let text = '';
  const listen = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    const end = text.indexOf('\n');
    if (end < 0) return;
    stdout.removeListener('data', listen);
    stdin.end(answer(text.slice(0, end)));
  };
  stdout.on('data', listen);
}

function collect(stream: Readable | null): () => string {
  const decoder = new StringDecoder('utf8');
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    if (text.length < outputLimit) text += decoder.write(chunk);
  });
  stream?.once('end', () => {
    text += decoder.end();
  });
  return () => text;
}

/** Keeps both ends of what may be megabytes: sudo speaks first, an engine says last why it failed. */
function collectEnds(stream: Readable | null): () => string {
  const half = complaintLimit / 2;
  const decoder = new StringDecoder('utf8');
  let [head, tail] = ['', ''];
  stream?.on('data', (chunk: Buffer) => {
    const text = decoder.write(chunk);
    const room = half - head.length;
    head += text.slice(0, room);
    tail = (tail + text.slice(Math.max(0, room))).slice(-half);
  });
  return () => head + tail;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // gone already, or sudo's, which root owns: it ends when its pipes close
  }
}
