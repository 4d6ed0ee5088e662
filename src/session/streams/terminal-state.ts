import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Size } from '../../engine/transport/api/exec.ts';
import { hasTerminal } from '../../system/stat.ts';
import { toSize } from './window.ts';

/** A terminal before the session: its settings as `stty -g` prints them; its size, as `stty size` does, where it has one. */
export type TerminalState = Promise<
  { readonly settings: string; readonly sized: boolean; readonly size: Size | undefined } | undefined
>;

/**
 * Notes the terminal's settings before the engine's client makes it raw. Costs nothing where it runs beside the
 * probe. Node restores its terminal on exit and TERM, but not when it dies of HUP or QUIT, and by then only
 * somebody who looked before knows what to restore.
 */
export function saveTerminal(): TerminalState {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', 'stty -g && stty size'], { stdio: ['inherit', 'pipe', 'ignore'] });
    let text = '';
    // without descriptors to spare there is no stream, but an error
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    child.once('error', () => resolve(undefined));
    child.once('close', () => resolve(readTerminal(text)));
  });
}

/** Reads what `stty -g`, then `stty size` printed. A size that is not known counts as one. */
export function readTerminal(text: string): Awaited<TerminalState> {
  const [settings = '', size] = text.split('\n');
  if (!/^[0-9a-f:]+$/.test(settings)) return undefined;
  return { settings, sized: size !== '0 0', size: toSize(size ?? '') };
}

/** Puts the settings back, where they are known. */
export async function restoreTerminal(state: TerminalState): Promise<void> {
  const settings = (await state)?.settings;
  if (settings !== undefined) restoreNow(settings);
}

/** The same at once, from the background too (where TTOU would stop us). A terminal that is gone is left alone. */
export function restoreNow(settings: string): void {
  const script = 'trap "" TTOU; exec stty "$1"';
  spawnSync('/bin/sh', ['-c', script, 'sh', settings], {
    stdio: ['inherit', 'ignore', 'ignore'],
    timeout: 2000,
  });
}

/**
 * Did this process lose the terminal that it was called from? The kernel takes a terminal that hangs up, or whose
 * process session ends, from all who had it before it tells them (tty_io.c, `__tty_hangup`); a HUP sent by `kill`
 * changes nothing.
 * @param before, now this process's `/proc/self/stat`
 */
export function hasLostTerminal(before: string, now: string): boolean {
  return hasTerminal(before) && !hasTerminal(now);
}

/** Is nobody there any more? Stdin may be a terminal that was never ours by the kernel's word (`setsid`). */
export function isTerminalClosed(before: string, { stdinTerminal }: { stdinTerminal: boolean }): boolean {
  return hasLostTerminal(before, readFileSync('/proc/self/stat', 'utf8')) || (stdinTerminal && !isatty(0));
}
