import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { exitCodes, Failure } from '../report/failure.ts';
import { errorCode } from '../report/system-error.ts';

/**
 * Says its pid, whose descriptor 4 is one end of a pipe that nobody else holds, and lives until it is told to go. A pipe made
 * by a shell, since node makes socket pairs, which cannot be opened by path, and a FIFO without a writer would keep
 * its reader waiting for one (fifo(7)).
 */
const pipeMaker =
  'exec 3<&0; : | { exec 4<&0; read -r pid rest </proc/self/stat; echo "$pid"; read -r word <&3; }';

/**
 * Puts text into a pipe that another process can open by path (`/proc/<pid>/fd/<n>`), for the engine's client
 * behind sudo: sudo closes descriptors above 2 and empties the environment, and secrets may stand neither in an
 * argument list nor on disk.
 * @param text at most a pipe's capacity
 * @returns the path for the client, and a function that lets go of the pipe
 * @throws {Failure} 125 when no pipe can be made
 */
export async function openSecretPipe(
  text: string,
): Promise<{ readonly path: string; readonly close: () => void }> {
  const maker = spawn('/bin/sh', ['-c', pipeMaker], { stdio: ['pipe', 'pipe', 'ignore'], cwd: '/' });
  maker.stdin.on('error', () => undefined);
  try {
    const [said] = await Promise.race([once(maker.stdout, 'data'), once(maker, 'close')]);
    const end = `/proc/${Number(String(said))}/fd/4`;
    const reader = openSync(end, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(end, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(writer, text);
    closeSync(writer);
    return { path: `/proc/${process.pid}/fd/${reader}`, close: () => closeSync(reader) };
  } catch (error) {
    throw new Failure(
      exitCodes.cannotRoute,
      `no pipe for the variables of HERMES_SHIM_FORWARD_ENV (${errorCode(error)})`,
      [{ label: 'look', text: 'ls -l /bin/sh /proc/self/fd' }],
    );
  } finally {
    maker.stdin.end('\n');
  }
}
