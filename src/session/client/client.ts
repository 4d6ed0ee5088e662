import { type ChildProcess, spawn } from 'node:child_process';
import { exitCodes, Failure, lackOf } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';
import type { Environment } from '../../system/environment.ts';
import { errorCode } from '../../system/error-code.ts';
import { startOf } from '../plan/session-id.ts';
import type { ClientEnd } from '../verdict/ending.ts';
import type { HeldStderr } from './held-stderr.ts';
import type { StdinFeed } from './stdin-feed.ts';

/** A process of this host; with its start time the pid names it for good. */
type ClientProcess = { readonly pid: number; readonly start: string };

/** What carries a session: the engine's client, running, or a connection to its API in its place. */
export type Client = {
  /** over the API there is none */
  readonly process: ClientProcess | undefined;
  /** over the API: resolves when hermes begins */
  readonly begun?: Promise<void>;
  readonly ended: Promise<ClientEnd>;
  readonly signal: (signal: NodeJS.Signals) => void;
};

/**
 * Starts the engine's client on the caller's own descriptors. Through node passes only a stderr that is held, and a stdin
 * that is fed.
 * @param detached in its own process session, so that a terminal's Ctrl-C reaches the shim alone
 * @param stdin the caller's own, /dev/null, a descriptor, or what feeds it later
 * @param held what takes its stderr, where that must not reach the caller before hermes is known to begin
 * @throws {Failure} 126 when the system does not start it (arguments too long, no memory)
 */
export function startClient(
  argv: readonly string[],
  options: {
    env: Environment;
    stdin: 'inherit' | 'ignore' | number | StdinFeed;
    detached: boolean;
    held?: HeldStderr | undefined;
  },
): Promise<Client> {
  const { held, stdin } = options;
  const [command = '', ...args] = argv;
  let child: ChildProcess;
  try {
    child = spawn(command, args, {
      stdio: [typeof stdin === 'function' ? 'pipe' : stdin, 'inherit', held ? 'pipe' : 'inherit'],
      env: options.env,
      detached: options.detached,
      // podman starts nothing where its directory is gone or closed to it; hermes's own directory is the wrapper's business
      cwd: '/',
    });
  } catch (error) {
    // of some errors (E2BIG, ENOMEM) node throws, others it tells later
    return Promise.reject(notStarted(command, errorCode(error)));
  }
  const exited = new Promise<ClientEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  if (held && child.stderr) held.take(child.stderr);
  if (typeof stdin === 'function' && child.stdin) void exited.then(stdin(child.stdin));
  const ended = held ? Promise.race([exited.then(held.end), held.failed]) : exited;
  const { pid } = child;
  if (pid !== undefined) {
    // a signal that is not allowed, as to a wrapper that has become sudo
    child.on('error', () => undefined);
    const process = { pid, start: startOf(pid) };
    return Promise.resolve({ process, ended, signal: (signal) => void child.kill(signal) });
  }
  return new Promise((_, reject) => {
    child.once('error', (error) => reject(notStarted(command, errorCode(error))));
  });
}

function notStarted(command: string, code: string): Failure {
  return (
    lackOf(code, exitCodes.cannotRun) ??
    new Failure(exitCodes.cannotRun, `${command} could not be started (${code})`, [
      { label: 'look', text: `ls -l ${hintWord(command)}` },
    ])
  );
}
