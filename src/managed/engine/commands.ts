import { spawn } from 'node:child_process';
import { type EngineAccess, engineCommand } from '../../engine/access.ts';
import { quoteCommand } from '../../report/quote.ts';
import { trace } from '../../report/trace.ts';
import type { Environment } from '../../system/environment.ts';
import { runCommand } from '../../system/run-command.ts';
import { type About, commandFailure } from './failure.ts';

/** An engine that is told to do things, and what the words of a failure need. */
export type EngineTarget = {
  readonly via: EngineAccess;
  readonly env: Environment;
  readonly about: About;
};

/** Longest that any of it may take, in milliseconds: with user namespaces podman copies a whole image. */
const patienceMs = 600_000;

/**
 * Tells the engine to do something and waits until it has.
 * @param doing what that is, as the end of "could not …"
 * @returns what it printed
 * @throws {Failure} 125 with the engine's own last words
 */
export async function runEngine(
  target: EngineTarget,
  doing: string,
  args: readonly string[],
): Promise<string> {
  const argv = engineCommand(target.via, args);
  trace(() => `runs ${quoteCommand(argv)}`);
  const result = await runCommand(argv, { env: { ...target.env, LC_ALL: 'C' }, timeoutMs: patienceMs });
  if (result.kind === 'exited' && result.code === 0) return result.stdout.trim();
  const words =
    result.kind === 'exited'
      ? result.stderr || result.stdout
      : result.kind === 'timed-out'
        ? 'it did not end within ten minutes'
        : `it could not be started: ${result.code}`;
  throw commandFailure(doing, words, target.via, target.about);
}

/** The same where it is no matter if it cannot be done. */
export async function tryEngine(target: EngineTarget, args: readonly string[]): Promise<boolean> {
  const argv = engineCommand(target.via, args);
  trace(() => `runs ${quoteCommand(argv)}`);
  const result = await runCommand(argv, { env: { ...target.env, LC_ALL: 'C' }, timeoutMs: patienceMs });
  return result.kind === 'exited' && result.code === 0;
}

/**
 * Pulls an image; a person sees the engine's own progress, on stderr.
 * @param show stderr is a terminal
 */
export function pull(target: EngineTarget, image: string, show: boolean): Promise<void> {
  const [command = '', ...args] = engineCommand(target.via, ['pull', image]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: target.env as Record<string, string>,
      stdio: ['ignore', show ? 2 : 'ignore', 'pipe'],
      cwd: '/',
    });
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + String(chunk)).slice(-4000);
      if (show) process.stderr.write(chunk);
    });
    const fail = (said: string): void =>
      reject(commandFailure(`pull ${image}`, said, target.via, target.about));
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => (code === 0 ? resolve() : fail(words)));
  });
}

/** Stopping gives a gateway so many seconds to end by itself. */
const graceSeconds = 10;

/** `stop`, for a container that may have ended already. */
export const stopArgs = (name: string): readonly string[] => ['stop', '-t', String(graceSeconds), name];

/** `rm` of a container that may still run: podman waits where docker does not. */
export const removeArgs = ({ engine }: EngineAccess, name: string): readonly string[] =>
  engine === 'docker' ? ['rm', '-f', name] : ['rm', '-f', '-t', '0', name];
