/** A real terminal for a command, held by the test: type, read, resize, hang up. terminal.pl does what Node cannot. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { must } from '../../scripts/engines/command.ts';
import { endProcess, idOf } from '../../scripts/engines/processes.ts';
import { until, within } from './host.ts';

/** Where one of the three goes: the terminal, /dev/null, a real pipe read (written) by the test, or a file (outputs append). */
type Redirection = 'tty' | 'null' | 'pipe' | { file: string };

export interface TerminalOptions {
  argv: readonly string[];
  /** The whole environment. TERM is xterm unless it says otherwise. */
  env: Record<string, string>;
  cwd?: string | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  cols?: number | undefined;
  rows?: number | undefined;
  redirect?: { stdin?: Redirection; stdout?: Redirection; stderr?: Redirection } | undefined;
}

/** How a command ended: exactly one of the two is not null. */
interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Terminal {
  /** The command: leader of a new session whose controlling terminal this is. */
  pid: number;
  /** /dev/pts/<n> */
  device: string;
  /** Types. Ctrl-C is `\x03`, Enter is `\r`. */
  write(bytes: string | Uint8Array): void;
  /** All that the terminal has received so far, as UTF-8. */
  output(): string;
  outputBytes(): Buffer;
  /** Waits until the output after offset `from` contains, matches or satisfies `what`. */
  waitFor(
    what: string | RegExp | ((output: string) => boolean),
    options?: { ms?: number; from?: number },
  ): Promise<string>;
  /** Changes the window's size; the foreground process group gets SIGWINCH. */
  resize(cols: number, rows: number): void;
  /** Closes the terminal's window: its session gets SIGHUP. */
  hangup(): void;
  /** `stty -a` of it. Not after a hangup. */
  settings(): Promise<string>;
  /** Of redirected outputs: what the pipe has delivered so far. Of a redirected stdin: what to put in, and its end. */
  pipes: { stdout(): string; stderr(): string; write(bytes: string | Uint8Array): void; end(): void };
  /** Settles when the command has ended and all its output until then is here. */
  exit: Promise<Exit>;
  /** Hangs up, and ends the command by SIGKILL if that was not enough. */
  [Symbol.asyncDispose](): Promise<void>;
}

const helper = fileURLToPath(new URL('terminal.pl', import.meta.url));

/** Starts `argv` in a terminal of its own. Throws where no terminal can be had; a missing command exits with 127. */
export async function openTerminal(options: TerminalOptions): Promise<Terminal> {
  const { argv, env, cwd = '/', uid, gid, cols = 80, rows = 24, redirect = {} } = options;
  const kinds = [redirect.stdin, redirect.stdout, redirect.stderr].map(kindOf);
  // perl would complain about a locale that the machine lacks, on the caller's stderr.
  const child = spawn('/usr/bin/perl', [helper, String(cols), String(rows), ...kinds, ...argv], {
    env: { TERM: 'xterm', ...env, PERL_BADLANG: '0' },
    cwd,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const received = { o: [] as Buffer[], '1': [] as Buffer[], '2': [] as Buffer[] };
  const started = deferred<string>();
  const ended = deferred<Exit>();
  readFrames(child.stdout, (letter, payload) => {
    if (letter === 'o' || letter === '1' || letter === '2') received[letter].push(payload);
    else if (letter === 'p') started.resolve(String(payload));
    else if (letter === 'x') ended.resolve(exitOf(Number(String(payload))));
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const broken = () =>
    started.reject(new Error(`no terminal: ${complaint.trim() || 'perl could not be started'}`));
  child.on('error', broken).on('close', broken);
  const send = sender(child);
  const [pid = '', device = ''] = (await started.promise).split(' ');
  const id = idOf(Number(pid));
  const outputBytes = () => Buffer.concat(received.o);
  const output = () => String(outputBytes());
  const pipe = (letter: '1' | '2') => String(Buffer.concat(received[letter]));
  return {
    pid: Number(pid),
    device,
    write: (bytes) => send('w', bytes),
    output,
    outputBytes,
    async waitFor(what, { ms = 10_000, from = 0 } = {}) {
      const holds =
        typeof what === 'function'
          ? what
          : (text: string) => (typeof what === 'string' ? text.includes(what) : what.test(text));
      const look = () => (holds(output().slice(from)) ? { text: output().slice(from) } : null);
      try {
        return (await until(look, { ms, what: String(what) })).text;
      } catch {
        throw new Error(
          `waited ${within(ms)} ms in vain for ${what} in the terminal, which shows ${JSON.stringify(output().slice(from))}`,
        );
      }
    },
    resize(newCols, newRows) {
      const size = Buffer.alloc(4);
      size.writeUInt16BE(newCols, 0);
      size.writeUInt16BE(newRows, 2);
      send('r', size);
    },
    hangup: () => send('h', ''),
    settings: () => must(['stty', '-a', '-F', device]),
    pipes: {
      stdout: () => pipe('1'),
      stderr: () => pipe('2'),
      write: (bytes) => send('i', bytes),
      end: () => send('c', ''),
    },
    exit: ended.promise,
    async [Symbol.asyncDispose]() {
      // The end of its input ends the helper, and the terminal with it.
      child.stdin.end();
      await closed;
      if (id.startTime !== '') await endProcess(id, 0);
    },
  };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

const kindOf = (where: Redirection = 'tty'): string =>
  typeof where === 'string' ? where : `file:${where.file}`;

/** A wait status as waitpid(2) gives it. */
function exitOf(status: number): Exit {
  const number = status & 0x7f;
  if (number === 0) return { code: status >> 8, signal: null };
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { code: null, signal: (name ?? `SIG${number}`) as NodeJS.Signals };
}

function sender(child: ChildProcessByStdio<Writable, Readable, Readable>) {
  // A helper that is gone takes no more; that its terminal is gone shows elsewhere.
  child.stdin.on('error', () => {});
  return (letter: string, payload: string | Uint8Array): void => {
    const bytes = Buffer.from(payload as string);
    const head = Buffer.alloc(5, letter);
    head.writeUInt32BE(bytes.length, 1);
    child.stdin.write(Buffer.concat([head, bytes]));
  };
}

function readFrames(stream: Readable, take: (letter: string, payload: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      take(String.fromCharCode(rest[0] as number), Buffer.from(rest.subarray(5, end)));
      rest = rest.subarray(end);
    }
  });
}
