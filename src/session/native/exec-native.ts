import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure, lackOf } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';
import { type Caller, setAside } from '../../route/caller.ts';
import type { Native } from '../../route/native.ts';
import { errorCode } from '../../system/error-code.ts';
import { sizeOf } from '../../system/exec-size.ts';
import { listen } from '../../system/listen.ts';
import { hasTerminal, statField } from '../../system/stat.ts';
import { dieBy, fatalSignals } from '../../system/tied.ts';
import { readRawArguments, toPrintfFormat, toWire } from '../plan/bytes.ts';
import { closedOf, heldOpen, isBackground } from '../plan/descriptors.ts';
import { readRawEnvironment } from '../plan/environment.ts';
import { hasLostTerminal } from '../streams/terminal-state.ts';
import type { Ending } from '../verdict/ending.ts';
import { startsSurely } from './starts-surely.ts';
import trampoline from './trampoline.sh';

/** Node since 22.15 and 23.11; it replaces this process, so nothing comes back from it. */
type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;

/** The command line that becomes the native program: itself, or the trampoline where something has to be put right first. */
export function nativeCommand(
  native: Native,
  caller: Pick<Caller, 'ignored'> & { closed: readonly number[] },
  raw: { args: () => readonly Buffer[]; env: () => readonly Buffer[] },
): readonly string[] {
  const wire = toWire(native.args, raw.args);
  const odd = oddVariables(native.env, raw.env);
  if (caller.ignored.length + caller.closed.length + odd.length === 0 && !wire.encoded)
    return [native.binary, ...native.args];
  const signals = caller.ignored.map((signal) => signal.slice(3)).join(' ');
  const flags = [wire.encoded ? 'r' : '-', ...caller.closed].join('');
  return [
    '/bin/sh',
    '-c',
    trampoline,
    'sh',
    signals,
    flags,
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
    const found = bytes.toString('latin1', 0, Math.max(0, split));
    const name = found.startsWith(setAside) ? found.slice(setAside.length) : found;
    const usable = suspects.includes(name) && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
    return usable ? [name, toPrintfFormat(bytes.subarray(split + 1))] : [];
  });
}

/**
 * Becomes the native hermes. Node ignores PIPE and XFSZ; a signal with a handler is back to its default after an
 * exec (execve(2)), so both get one.
 * @returns only where it was started as a child: how it ended. That is where node has no `process.execve`, where its failure
 *   could not be told, or where descriptors above 2 have to be passed on
 * @throws {Failure} 126 when the system does not run it
 */
export function becomeNative(
  native: Native,
  caller: Pick<Caller, 'ignored' | 'noted' | 'stat'>,
): Promise<Ending> {
  const raw = { args: readRawArguments, env: readRawEnvironment };
  const { open } = caller.noted;
  const argv = nativeCommand(native, { ignored: caller.ignored, closed: closedOf(open) }, raw);
  const held = heldOpen(open);
  const [file = ''] = argv;
  const { execve } = process as unknown as { execve?: Execve };
  // node marks what is open above 2 close-on-exec, and cannot take that back: `hermes <(…)` needs a child
  if (execve === undefined || held.length > 0 || !mayExec(argv, native.env))
    return runNative(argv, native.env, held, caller.stat);
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined);
  try {
    return execve(file, argv, native.env as NodeJS.ProcessEnv);
  } catch (error) {
    throw notRun(file, error);
  }
}

/** May the program be executed in our place? Where a failure cannot be told any more, only one that cannot fail. */
function mayExec(argv: readonly string[], env: Native['env']): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 26 || (major === 26 && minor > 0)) return true;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return startsSurely(argv[0] ?? '', sizeOf([...argv, ...variables]));
}

function runNative(
  argv: readonly string[],
  env: Native['env'],
  held: readonly number[],
  before: string,
): Promise<Ending> {
  const stdio = Array.from({ length: Math.max(2, ...held) + 1 }, (_, descriptor) =>
    descriptor < 3 || held.includes(descriptor) ? descriptor : ('ignore' as const),
  );

  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    const handOn = (signal: NodeJS.Signals): void => {
      const keyboard = signal === 'SIGINT' || signal === 'SIGQUIT';
      if (keyboard && hasForegroundTerminal()) return;
      if (signal === 'SIGHUP' && isHungUpAlong(before)) return;
      child.kill(signal);
    };
    const fail = (error: unknown): void => {
      dieBy(fatalSignals);
      reject(notRun(file, error));
    };
    // before there is a child: one that comes just as hermes has begun would end us, and hermes would never hear of it;
    // node tells of signals when its loop turns, and by then there is one
    listen(fatalSignals, handOn);
    try {
      child = spawn(file, args, { stdio, env: env as NodeJS.ProcessEnv });
    } catch (error) {
      // of some errors (E2BIG, ENOMEM) node throws, others it tells later
      fail(error);
      return;
    }
    // also where a signal is not allowed, as to a wrapper that has become sudo: that is no reason to end
    child.on('error', (error) => void (child.pid === undefined && fail(error)));
    child.once('exit', (code, signal) => {
      dieBy(fatalSignals);
      resolve(signal ? { kind: 'signal', signal } : { kind: 'code', code: code ?? 255 });
    });
  });
}

/**
 * When a window is closed, its shell or the kernel hangs up the whole job, the child with us: a second HUP would leave hermes
 * at a prompt that nobody can answer. Only who leads the terminal's session is told alone.
 * @param before our `/proc/self/stat` from the beginning
 */
function isHungUpAlong(before: string): boolean {
  const now = readFileSync('/proc/self/stat', 'utf8');
  return hasLostTerminal(before, now) && statField(now, 6) !== String(process.pid);
}

/** In a terminal's foreground the keyboard's signals reach the child too: it must not get them twice. */
function hasForegroundTerminal(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return hasTerminal(stat) && !isBackground(stat);
}

function notRun(file: string, error: unknown): Failure {
  const [code, shown] = [errorCode(error), escapeControls(file)];
  const lack = lackOf(code, exitCodes.cannotRun, `${shown} could not be run`);
  if (lack) return lack;
  return new Failure(exitCodes.cannotRun, `${shown} could not be run (${code})`, [
    { label: 'look', text: `ls -l ${hintWord(file)}` },
  ]);
}
