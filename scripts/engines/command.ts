/** Running the machine's own tools: one function that never throws, one that does. */
import { spawn } from 'node:child_process';
import { accessSync, constants as fsConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** The PATH of a login shell on Debian. Short PATHs (cron, units) lack the sbin directories, where dockerd and useradd live. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CommandOptions {
  /** The whole environment. Default: PATH, HOME and LANG only, so that nothing of the caller's steers an engine. */
  env?: Record<string, string> | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  cwd?: string | undefined;
  input?: string | undefined;
  timeoutMs?: number | undefined;
}

export interface CommandResult {
  /** 128 + n after signal n, 127 where it could not be started. */
  code: number;
  stdout: string;
  stderr: string;
}

export const plainEnv = (home = process.env.HOME ?? '/'): Record<string, string> => ({
  PATH: systemPath,
  HOME: home,
  LANG: 'C.UTF-8',
});

/** Runs `argv` and returns how it ended. Never throws for what the command does. */
export function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file = '', ...args] = argv;
  const { env = plainEnv(), uid, gid, cwd = '/', input, timeoutMs = 120_000 } = options;
  return new Promise((resolve) => {
    const identity = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
    const child = spawn(file, args, { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', ...identity });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    child.on('error', (error) => resolve({ code: 127, stdout: '', stderr: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], ...output }),
    );
    // A command that does not read its input is no error here.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** As `attempt`, but throws a sentence with the command and its stderr where the exit code is not 0. Returns stdout. */
export async function must(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(argv, options);
  if (code !== 0) throw new Error(`${argv.join(' ')}: exit ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/** The first executable regular file called `name` on a PATH, or null. */
export function findCommand(name: string, path = systemPath): string | null {
  for (const dir of path.split(':')) {
    const candidate = join(dir, name);
    try {
      accessSync(candidate, fsConstants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not here: the next directory.
    }
  }
  return null;
}

/** What an engine said, cut to its most telling line: the last one that is not a log line. */
export function telling(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.findLast((line) => line !== '' && !line.startsWith('time=')) ?? lines.at(-1) ?? '';
}
