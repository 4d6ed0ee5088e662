import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import pipeMaker from './make-pipe.sh';

/** A real pipe's two ends, as descriptors of this process. */
export type Pipe = { readonly reader: number; readonly writer: number };

/**
 * Makes a pipe, both of whose ends other processes can be given. A shell makes it, since node makes socket pairs, which
 * it reads itself, and a FIFO without a writer would keep its reader waiting for one (fifo(7)).
 * @throws the system's error where none can be made (no sh, no /proc, too many descriptors)
 */
export async function openPipe(): Promise<Pipe> {
  const maker = spawn('/bin/sh', ['-c', pipeMaker], { stdio: ['pipe', 'pipe', 'ignore'], cwd: '/' });
  maker.on('error', () => undefined);
  // without descriptors to spare there are no streams, but an error
  maker.stdin?.on('error', () => undefined);
  try {
    const failed = once(maker, 'close').then(([code]) => {
      throw new Error(`no pipe could be made (exit code ${code})`);
    });
    const [said] = await Promise.race([once(maker.stdout, 'data'), failed]);
    const end = `/proc/${Number(String(said))}/fd/4`;
    const reader = openSync(end, constants.O_RDONLY);
    const writer = openSync(end, constants.O_WRONLY);
    return { reader, writer };
  } finally {
    maker.stdin?.end('\n');
  }
}
