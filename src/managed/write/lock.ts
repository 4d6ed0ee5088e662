import { spawn } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { exitCodes, Failure } from '../../report/failure.ts';

/** Longest wait for somebody else's work, in seconds: a pull may take that long. */
const patienceSeconds = 1800;

/**
 * Takes the lock of a state directory: of two hermes-shim at work on it, one waits. By flock(2), which the kernel gives
 * back whatever ends us; flock(1) takes it on our descriptor, node cannot.
 * @param onWait is called when somebody else has it
 * @returns lets go of it; so does the end of this process
 * @throws {Failure} 125 when it cannot be had
 */
export async function takeLock(place: string, onWait: () => void): Promise<void> {
  const descriptor = openSync(`${place}/lock`, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (await flock(descriptor, ['-n'])) return;
  onWait();
  if (await flock(descriptor, ['-w', String(patienceSeconds)])) return;
  throw new Failure(
    exitCodes.cannotRoute,
    'another hermes-shim has been at work on this container for half an hour',
    [{ label: 'which one', text: `fuser -v ${place}/lock` }],
  );
}

/** `flock -x … 3`: the lock belongs to the open file, which stays ours when flock(1) has ended. */
function flock(descriptor: number, options: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', ...options, '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    child.once('error', () =>
      reject(
        new Failure(
          exitCodes.cannotRoute,
          'flock was not found, which keeps two hermes-shim from working at once',
          [{ label: 'install', text: 'util-linux (Debian, Fedora, NixOS), or busybox' }],
        ),
      ),
    );
    child.once('exit', (code) => resolve(code === 0));
  });
}
