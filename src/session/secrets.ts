import { closeSync, writeSync } from 'node:fs';
import { exitCodes, Failure } from '../report/failure.ts';
import { errorCode } from '../report/system-error.ts';
import { openPipe } from './pipe.ts';

/**
 * Puts text into a pipe that another process can open by path, for the engine's client behind sudo: sudo closes
 * descriptors above 2 and empties the environment, and secrets may stand neither in an argument list nor on disk.
 * @param text at most a pipe's capacity
 * @returns the path for the client, and a function that lets go of the pipe
 * @throws {Failure} 125 when no pipe can be made
 */
export async function openSecretPipe(
  text: string,
): Promise<{ readonly path: string; readonly close: () => void }> {
  try {
    const { reader, writer } = await openPipe({ patient: false });
    // a user who has many pipes gets small ones (pipe(7))
    if (writeSync(writer, text) < Buffer.byteLength(text)) throw new Error('the pipe is full');
    closeSync(writer);
    return { path: `/proc/${process.pid}/fd/${reader}`, close: () => closeSync(reader) };
  } catch (error) {
    throw new Failure(
      exitCodes.cannotRoute,
      `no pipe for the variables of HERMES_SHIM_FORWARD_ENV (${errorCode(error)})`,
      [{ label: 'look', text: 'ls -l /bin/sh /proc/self/fd' }],
    );
  }
}
