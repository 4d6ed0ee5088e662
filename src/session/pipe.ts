import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real pipe's two ends, as descriptors of this process. */
export type Pipe = { readonly reader: number; readonly writer: number };

/**
 * Makes a pipe. Node makes socket pairs only, which cannot be opened by path and which it reads itself; so a FIFO
 * is made, opened from both ends, and unlinked: what is written stays in the kernel.
 * @throws the system's error where no FIFO can be made (no mkfifo, a full or read-only temporary directory)
 */
export function openPipe(): Pipe {
  const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-'));
  try {
    const fifo = join(directory, 'pipe');
    execFileSync('mkfifo', ['-m', '600', fifo], { stdio: 'ignore' });
    // the first end would wait for the other; both that are kept wait for bytes, as a program expects of its stdin
    const opener = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY);
    const reader = openSync(fifo, constants.O_RDONLY);
    closeSync(opener);
    return { reader, writer };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
