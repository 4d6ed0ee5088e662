/** A command called by somebody, with the shim on PATH: what they see of it. */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { plainEnv } from '../../scripts/engines/command.ts';
import { engineVariables, envOf } from '../../scripts/engines/owner.ts';
import { until, within } from './host.ts';
import { nodeDir } from './installed.ts';
import { type EngineMode, engines } from './modes.ts';

/** Who calls. */
export interface Caller {
  name: string;
  uid: number;
  gid: number;
  home: string;
  /** Their whole environment, HERMES_HOME included. */
  env: Record<string, string>;
}

/** Ways that are an ordinary user's, whoever runs the tests. */
const ordinaryWays: readonly EngineMode[] = ['podman-sudo', 'podman-rootless', 'podman-socket'];

/** Who calls the shim in a way: root for docker and podman-root, else an ordinary user. `home` is a root caller's HOME. */
export function currentCaller(
  mode: EngineMode,
  { asUser = false, home, hermesHome }: { asUser?: boolean; home: string; hermesHome: string },
): Caller {
  const ordinary = asUser || ordinaryWays.includes(mode) || !engines.asRoot;
  const person = mode === 'podman-sudo' ? engines.sudoUser : engines.callerUser;
  const own = { ...engineVariables(mode, engines), HERMES_HOME: hermesHome };
  if (!ordinary) return { name: 'root', uid: 0, gid: 0, home, env: { ...plainEnv(home), ...own } };
  const ambient: Record<string, string> =
    engines.asRoot || process.env.DOCKER_HOST === undefined ? {} : { DOCKER_HOST: process.env.DOCKER_HOST };
  return {
    name: person.name,
    uid: person.uid,
    gid: person.gid,
    home: person.home,
    env: { ...envOf(person), ...ambient, ...own },
  };
}

/** Where one of the three goes. A number is a descriptor of the test's own; outputs to a file append. */
export type Stream = 'pipe' | 'ignore' | number | { file: string };

export interface CallOptions {
  /** Added to the caller's environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Default: /. */
  cwd?: string;
  /** All of stdin. Without it, and unless stdin says otherwise, stdin is /dev/null. */
  input?: string | Uint8Array;
  stdin?: Stream;
  stdout?: Stream;
  stderr?: Stream;
  /** Until it is killed and reported as timed out, in milliseconds of an idle machine (see within). Default 30 s. */
  timeoutMs?: number;
  /** sh code that runs first, in the same process: `umask 027`, `trap '' HUP`, `exec 2>&1`, `ulimit -n 64`. */
  first?: string;
  /** Leads a process group (and session) of its own, so that a test can signal all of it. */
  detached?: boolean;
  /** The node that runs the shim. Default: see nodeDir. */
  node?: string;
}

/** How a call ended. Texts are UTF-8 of the bytes. */
export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  stdoutBytes: Buffer;
  stderrBytes: Buffer;
  timedOut: boolean;
  /** Milliseconds from the start to the end. */
  ms: number;
}

export interface Running {
  pid: number;
  /** null unless stdin is a pipe. */
  stdin: Writable | null;
  stdout(): string;
  stderr(): string;
  /** Hands over each piece of stdout as it comes, from now on. */
  onStdout(listener: (piece: Buffer) => void): void;
  /** Waits until stdout contains or matches it; returns stdout. */
  waitFor(what: string | RegExp, ms?: number): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Signals its whole process group; only with `detached`. */
  killGroup(signal: NodeJS.Signals): void;
  /** Stops reading its stdout, as `| head -1` does: its next write fails. */
  closeStdout(): void;
  ended: Promise<Ended>;
  /** Kills it if it still runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What spawn and openTerminal need to do something as the caller; PATH starts with the shim. */
export function identityOf(
  caller: Caller,
  { env = {}, cwd = '/', node }: Pick<CallOptions, 'env' | 'cwd' | 'node'> = {},
) {
  const path = [join(engines.dir, 'installed/bin'), nodeDir(node), caller.env.PATH].join(':');
  const all = { ...caller.env, PATH: path, ...env };
  const set = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  // Only root may name an identity, even its own.
  const identity = process.getuid?.() === 0 ? { uid: caller.uid, gid: caller.gid } : {};
  return { env: Object.fromEntries(set), cwd, ...identity };
}

/** Starts `argv` as the caller. */
export function call(caller: Caller, argv: readonly string[], options: CallOptions = {}): Running {
  const { input, timeoutMs = 30_000, first, detached = false } = options;
  const [file = '', ...args] =
    first === undefined ? argv : ['/bin/sh', '-c', `${first}\nexec "$@"`, 'sh', ...argv];
  const began = Date.now();
  const child = spawn(file, args, {
    ...identityOf(caller, options),
    detached,
    stdio: [
      input === undefined ? stdio(options.stdin ?? 'ignore', 'r') : 'pipe',
      stdio(options.stdout ?? 'pipe', 'a'),
      stdio(options.stderr ?? 'pipe', 'a'),
    ],
  });
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => chunks[name].push(chunk));
  // A command that does not read all of its input is no error of the test's.
  child.stdin?.on('error', () => {});
  if (input !== undefined) child.stdin?.end(input);
  let timedOut = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      // Whoever else holds its pipes must not hold us.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    }, within(timeoutMs));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      const [stdoutBytes, stderrBytes] = [Buffer.concat(chunks.stdout), Buffer.concat(chunks.stderr)];
      const texts = { stdout: String(stdoutBytes), stderr: String(stderrBytes), stdoutBytes, stderrBytes };
      resolve({ exitCode, signal, ...texts, timedOut, ms: Date.now() - began });
    });
  });
  // Whoever awaits it hears of the error; a test that ends before must not fail for it.
  ended.catch(() => {});
  const text = (name: 'stdout' | 'stderr') => String(Buffer.concat(chunks[name]));
  return {
    // nobody's where it could not be started: -1 would be everybody's
    pid: child.pid ?? Number.NaN,
    stdin: child.stdin,
    stdout: () => text('stdout'),
    stderr: () => text('stderr'),
    onStdout: (listener) => void child.stdout?.on('data', listener),
    async waitFor(what, ms = 10_000) {
      const holds = () =>
        typeof what === 'string' ? text('stdout').includes(what) : what.test(text('stdout'));
      try {
        await until(holds, { ms, what: String(what) });
        return text('stdout');
      } catch {
        const seen = {
          stdout: text('stdout'),
          stderr: text('stderr'),
          exitCode: child.exitCode,
          signal: child.signalCode,
        };
        throw new Error(
          `waited ${within(ms)} ms in vain for ${what} from ${argv.join(' ')}: ${JSON.stringify(seen)}`,
        );
      }
    },
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => void (child.pid && process.kill(-child.pid, signal)),
    closeStdout: () => void child.stdout?.destroy(),
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      await ended.catch(() => {});
    },
  };
}

const stdio = (stream: Stream, flags: 'r' | 'a') =>
  typeof stream === 'object' ? openSync(stream.file, flags) : stream;
