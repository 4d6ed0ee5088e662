import { spawn } from 'node:child_process';
import type { Size } from '../../engine/transport/api/exec.ts';

/** As docker's and podman's clients do: every key goes in as it is, every byte comes out as it is. */
const rawSettings = ['raw', '-echo', '-echoe', '-echonl', '-iexten', 'cs8', '-parenb'];

/**
 * Makes the caller's terminal raw. By stty, since node's own raw mode leaves the output's translation of newlines on
 * (libuv's tty.c), which the container's terminal does already. From the background it stops us (TTOU), as any program.
 */
export function makeRaw(): Promise<void> {
  return new Promise((resolve) => {
    const stty = spawn('stty', rawSettings, { stdio: ['inherit', 'ignore', 'ignore'] });
    stty.once('error', () => resolve()).once('exit', () => resolve());
  });
}

/** The terminal's size now, where it has one. */
export function readSize(): Promise<Size | undefined> {
  return new Promise((resolve) => {
    const stty = spawn('stty', ['size'], { stdio: ['inherit', 'pipe', 'ignore'] });
    let text = '';
    stty.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    stty.once('error', () => resolve(undefined)).once('close', () => resolve(toSize(text)));
  });
}

/** Reads what `stty size` prints; a size of nothing is none. */
export function toSize(text: string): Size | undefined {
  const [, rows = '0', columns = '0'] = /^(\d{1,5}) (\d{1,5})\s*$/.exec(text) ?? [];
  return Number(rows) > 0 && Number(columns) > 0
    ? { rows: Number(rows), columns: Number(columns) }
    : undefined;
}
