import type { Socket } from 'node:net';
import { errorCode } from '../../../system/error-code.ts';
import { limitTime, type Signs, type Silence } from '../../../system/patience.ts';
import type { CommandResult } from '../../../system/run-command.ts';
import { outputLimit } from '../../../system/run-command.ts';
import { sleep } from '../../../system/sleep.ts';
import type { Api, ContainerScript } from '../../access.ts';
import type { ScriptOptions } from '../transport.ts';
import { createExec, inspectExec, Refused, startExec } from './exec.ts';
import { type Output, readFrames } from './frames.ts';

/** How an engine's client ends where the engine refuses. */
const refusedCode = 125;

/** After the end of its output an exec is asked so often, this many milliseconds apart, how it ended. */
const looks = { most: 20, pauseMs: 25 } as const;

/**
 * Runs a few lines of sh in a container by the API and keeps what they print. Tells its end in the words of a command
 * that ended, so that whoever asked need not know how: what the engine refuses is on stderr, as its client would print it.
 */
export async function runScriptByApi(
  api: Api,
  { containerId, user, script, name, args }: ContainerScript,
  { timeoutMs, answer, signal }: ScriptOptions,
): Promise<CommandResult> {
  const over = new AbortController();
  const begun = process.uptime();
  let result: CommandResult | undefined;
  const giveUp = (silence: Silence): void => {
    result ??= { kind: 'timed-out', ...silence };
    over.abort();
  };
  const onAbort = (): void =>
    giveUp({ waitedMs: Math.round((process.uptime() - begun) * 1000), busy: false });
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const stopWatch = limitTime(timeoutMs, () => Promise.resolve(noSigns), giveUp);
  try {
    const command = ['/bin/sh', '-c', script, name, ...args];
    const request = { containerId, user, command, stdin: answer !== undefined };
    const id = await createExec(api, request, over.signal);
    const { socket, head } = await startExec(api, id, { terminal: undefined }, over.signal);
    const output = await new Promise<Collected>((resolve, reject) => {
      over.signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
      collect(socket, head, answer, resolve, reject);
    }).finally(() => socket.destroy());
    for (let look = 1; ; look += 1) {
      const state = await inspectExec(api, id, over.signal);
      const texts = { stdout: output.stdout.toString(), stderr: output.stderr.toString() };
      if (state.kind === 'ended') return { kind: 'exited', code: state.code, ...texts };
      if (state.kind !== 'running' || look === looks.most) return { kind: 'exited', code: 255, ...texts };
      await sleep(looks.pauseMs);
    }
  } catch (error) {
    if (result) return result;
    const words =
      error instanceof Refused ? error.message : `cannot connect to ${api.socket} (${errorCode(error)})`;
    return { kind: 'exited', code: refusedCode, stdout: '', stderr: `${words}\n` };
  } finally {
    stopWatch();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** No sign of life is looked for: a daemon answers pings also while it hangs over the container. */
const noSigns: Signs = { watch: () => undefined, seen: () => false };

type Collected = Readonly<Record<Output, Buffer>>;

function collect(
  socket: Socket,
  head: Buffer,
  answer: ScriptOptions['answer'],
  resolve: (output: Collected) => void,
  reject: (error: Error) => void,
): void {
  const pieces: Record<Output, Buffer[]> = { stdout: [], stderr: [] };
  let length = 0;
  let asked = answer;
  const take = readFrames((output, bytes) => {
    length += bytes.length;
    if (length <= outputLimit) pieces[output].push(bytes);
    if (!asked || output !== 'stdout') return;
    const text = Buffer.concat(pieces.stdout).toString();
    const end = text.indexOf('\n');
    if (end < 0) return;
    socket.end(asked(text.slice(0, end)));
    asked = undefined;
  });
  const read = (chunk: Buffer): void => {
    try {
      take(chunk);
    } catch (error) {
      reject(error as Error);
    }
  };
  socket.removeAllListeners('error');
  // whatever cut the connection: how the exec ended is asked
  socket.once('error', () => undefined);
  socket.once('close', () =>
    resolve({ stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr) }),
  );
  socket.on('data', read);
  if (head.length > 0) read(head);
  socket.resume();
}
