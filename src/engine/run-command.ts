import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Environment } from '../route/inside.ts';

/** How a short command of ours ended. */
export type CommandResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'timed-out' };

/** Most that is kept of each stream, in characters: an inspect prints some ten thousand. */
const outputLimit = 4 * 1024 * 1024;

/**
 * Runs a probe to its end and keeps what it printed. In its own process session, so that a terminal's Ctrl-C
 * reaches the shim alone and no prompt can be asked there.
 * @param timeoutMs after this many milliseconds the probe is killed
 * @param signal ends it early
 * @param answer what to write to its stdin when it has printed its first line; without it stdin is /dev/null
 * @param isWhole is this output all that there is to say? Then it counts as ended with 0, and its end is not waited for
 */
export function runCommand(
  argv: readonly string[],
  options: {
    env: Environment;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
    answer?: ((line: string) => string) | undefined;
    isWhole?: ((stdout: string) => boolean) | undefined;
  },
): Promise<CommandResult> {
  const [command = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: options.env,
      stdio: [options.answer ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
    });
    // without descriptors to spare node makes no streams, and then says why by an error
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    if (options.answer && child.stdin)
      converse(child.stdin as Writable, child.stdout as Readable, options.answer);
    // not waited for: sudo is root's and cannot be killed, and a grandchild may hold the pipes open
    const end = (): void => {
      killGroup(child.pid);
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      finish({ kind: 'timed-out' });
    };
    const timer = setTimeout(end, options.timeoutMs);
    options.signal?.addEventListener('abort', end, { once: true });
    const finish = (result: CommandResult): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
      resolve(result);
    };
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish({ kind: 'not-started', code: error.code ?? 'unknown' }),
    );
    const exited = (code: number | null): void =>
      finish({ kind: 'exited', code: code ?? 255, stdout: stdout(), stderr: stderr() });
    child.once('close', exited);
    if (options.isWhole) child.stdout?.on('data', () => options.isWhole?.(stdout()) && exited(0));
  });
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

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // gone already, or sudo's, which root owns: it ends when its pipes close
  }
}
