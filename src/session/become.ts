import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { errorCode } from '../report/system-error.ts';
import type { Caller } from '../route/caller.ts';
import type { Native } from '../route/native.ts';
import { readRawArguments, splitWords, toPrintfFormat, toWire } from './bytes.ts';
import { isBackground } from './descriptors.ts';
import type { Ending } from './ending.ts';

/** Node since 22.15 and 23.11; it replaces this process, so nothing comes back from it. */
type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;

/**
 * Sets the signals that were ignored to ignored again and turns printf formats back into bytes, then becomes the
 * program. `$1` signals, `$2` `r` for encoded arguments, `$3` how many variables (name and format each), the
 * variables, the program, its arguments.
 */
const usher = `for s in $1; do trap "" "$s"; done
f=$2 c=$3
shift 3
while [ "$c" -gt 0 ]; do c=$((c - 1)); v=$(printf "$2."); export "$1=\${v%.}"; shift 2; done
b=$1
shift
if [ "$f" = r ]; then
  c=$#
  while [ $c -gt 0 ]; do c=$((c - 1)); v=$(printf "$1."); shift; set -- "$@" "\${v%.}"; done
fi
exec "$b" "$@"`;

/** The command line that becomes the native program: itself, or the usher where something has to be put right first. */
export function nativeCommand(
  native: Native,
  caller: Pick<Caller, 'ignored'>,
  raw: { args: () => readonly Buffer[]; env: () => readonly Buffer[] },
): readonly string[] {
  const wire = toWire(native.args, raw.args);
  const odd = oddVariables(native.env, raw.env);
  if (caller.ignored.length === 0 && !wire.encoded && odd.length === 0)
    return [native.binary, ...native.args];
  const signals = caller.ignored.map((signal) => signal.slice(3)).join(' ');
  const flag = wire.encoded ? 'r' : '-';
  return [
    '/bin/sh',
    '-c',
    usher,
    'sh',
    signals,
    flag,
    String(odd.length / 2),
    ...odd,
    native.binary,
    ...wire.args,
  ];
}

/** Variables whose bytes are no UTF-8, as name and printf format. */
function oddVariables(env: Native['env'], readRaw: () => readonly Buffer[]): readonly string[] {
  const suspects = Object.entries(env)
    .filter(([, value]) => value?.includes('\ufffd'))
    .map(([name]) => name);
  if (suspects.length === 0) return [];
  return readRaw().flatMap((bytes) => {
    const split = bytes.indexOf('=');
    const name = bytes.toString('latin1', 0, Math.max(0, split));
    const usable = suspects.includes(name) && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
    return usable ? [name, toPrintfFormat(bytes.subarray(split + 1))] : [];
  });
}

/**
 * Becomes the native hermes. Node ignores PIPE and XFSZ; a signal with a handler is back to its default after an
 * exec (execve(2)), so both get one.
 * @returns only where node has no `process.execve`: how the program ended
 * @throws {Failure} 126 when the system does not run it
 */
export function becomeNative(native: Native, caller: Caller): Promise<Ending> {
  const raw = { args: readRawArguments, env: () => splitWords(readFileSync('/proc/self/environ')) };
  const argv = nativeCommand(native, caller, raw);
  const [file = ''] = argv;
  const { execve } = process as unknown as { execve?: Execve };
  if (execve === undefined) return runNative(argv, native.env);
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined);
  try {
    return execve(file, argv, native.env as NodeJS.ProcessEnv);
  } catch (error) {
    throw notRun(file, error);
  }
}

/** Signals that a program run as our child has to get from us, where its terminal does not send them itself. */
const handedOn = ['SIGHUP', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;

function runNative(argv: readonly string[], env: Native['env']): Promise<Ending> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env: env as NodeJS.ProcessEnv });
    const handOn = (signal: NodeJS.Signals): void => {
      const keyboard = signal === 'SIGINT' || signal === 'SIGQUIT';
      if (!(keyboard && hasForegroundTerminal())) child.kill(signal);
    };
    for (const signal of handedOn) process.on(signal, handOn);
    child.once('error', (error) => reject(notRun(file, error)));
    child.once('exit', (code, signal) => {
      for (const handled of handedOn) process.removeListener(handled, handOn);
      resolve(signal ? { kind: 'signal', signal } : { kind: 'code', code: code ?? 255 });
    });
  });
}

/** In a terminal's foreground the keyboard's signals reach the child too: it must not get them twice. */
function hasForegroundTerminal(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const terminal = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4]);
  return terminal !== 0 && !isBackground(stat);
}

function notRun(file: string, error: unknown): Failure {
  return new Failure(exitCodes.cannotRun, `${escapeControls(file)} could not be run (${errorCode(error)})`, [
    { label: 'look', text: `ls -l ${escapeControls(file)}` },
  ]);
}
