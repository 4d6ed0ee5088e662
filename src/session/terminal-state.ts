import { spawn, spawnSync } from 'node:child_process';

/** A terminal's settings as `stty -g` prints them. */
export type TerminalState = Promise<string | undefined>;

/**
 * Notes the terminal's settings before the engine's client makes it raw. Costs nothing where it runs beside the
 * probe. Node restores its terminal on exit and TERM, but not when it dies of HUP or QUIT, and by then only
 * somebody who looked before knows what to restore.
 */
export function saveTerminal(): TerminalState {
  return new Promise((resolve) => {
    const child = spawn('stty', ['-g'], { stdio: ['inherit', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    child.once('error', () => resolve(undefined));
    child.once('close', (code) => resolve(code === 0 ? text.trim() : undefined));
  });
}

/** Puts the settings back, from the background too (where TTOU would stop us). A terminal that is gone is left alone. */
export async function restoreTerminal(state: TerminalState): Promise<void> {
  const settings = await state;
  if (settings === undefined || !/^[0-9a-f:]+$/.test(settings)) return;
  const script = 'trap "" TTOU; exec stty "$1"';
  spawnSync('/bin/sh', ['-c', script, 'sh', settings], {
    stdio: ['inherit', 'ignore', 'ignore'],
    timeout: 2000,
  });
}
