/** Showing a command: it is echoed, runs with the demo's own three descriptors, and is held to what was promised. */
import { constants } from 'node:os';
import spawn from 'cross-spawn';
import type { DemoContainer } from './container.ts';

export interface Scene {
  /** What there is to see, for a person. */
  title: string;
  /** As one would type it in a shell. */
  command: string;
  /** Exit codes that are right. Default: 0. */
  codes?: readonly number[];
  /** What the stand-in must have noted, or null where this starts none. */
  start: string;
}

/**
 * Shows one scene. Throws a sentence where it did not go as promised.
 * @param signal ends what is running by SIGTERM
 */
export async function show(
  { title, command, codes = [0], start }: Scene,
  container: DemoContainer,
  signal: AbortSignal,
): Promise<void> {
  const before = container.starts().length;
  console.log(`\n# ${title}\n$ ${command}`);
  const code = await run(command, container, signal);
  signal.throwIfAborted();
  if (!codes.includes(code))
    throw new Error(`'${command}' ended with ${code}, which should have been ${codes[0]}`);
  const starts = container.starts().slice(before);
  if (starts.length !== 1 || starts[0] !== start) {
    throw new Error(
      `'${command}' should have started one hermes (${start}), but started: ${starts.join('; ') || 'none'}`,
    );
  }
}

function run(command: string, { env, cwd }: DemoContainer, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], {
      env,
      cwd,
      // The pipe is held by all that the command starts, so 'close' also waits for who outlives a Ctrl-C (timeout).
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      signal,
      killSignal: 'SIGTERM',
    });
    child.on('error', (error) => (signal.aborted ? undefined : reject(error)));
    child.on('close', (code, by) => resolve(code ?? 128 + constants.signals[by ?? 'SIGKILL']));
  });
}
