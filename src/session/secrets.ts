import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes, Failure } from '../report/failure.ts';
import { errorCode } from '../report/system-error.ts';

/**
 * Puts text into a pipe that another process can open by path (`/proc/<pid>/fd/<n>`), for the engine's client
 * behind sudo: sudo closes descriptors above 2 and empties the environment, and secrets may stand neither in an
 * argument list nor on disk. Node makes socket pairs, which cannot be opened; so a FIFO is made, opened from both
 * ends, and unlinked: what is written stays in the kernel.
 * @param text at most a pipe's capacity
 * @returns the path for the client, and a function that lets go of the pipe
 * @throws {Failure} 125 when no FIFO can be made
 */
export function openSecretPipe(text: string): { readonly path: string; readonly close: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-'));
  try {
    const fifo = join(directory, 'env');
    execFileSync('mkfifo', ['-m', '600', fifo], { stdio: 'ignore' });
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(writer, text);
    closeSync(writer);
    return { path: `/proc/${process.pid}/fd/${reader}`, close: () => closeSync(reader) };
  } catch (error) {
    throw new Failure(
      exitCodes.cannotRoute,
      `no pipe for the variables of HERMES_SHIM_FORWARD_ENV (${errorCode(error)})`,
      [{ label: 'look', text: 'command -v mkfifo; df /tmp' }],
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
