import { closeSync, readFileSync } from 'node:fs';
import type { NotedDescriptors } from '../../route/caller.ts';
import { hasTerminal } from '../../system/stat.ts';
import { readDescriptors } from '../plan/descriptors.ts';

/**
 * Keeps node from setting a terminal that others use. At its end it sets those of 0 to 2 that are terminals as they were
 * at its beginning, also from the background (node.cc, `ResetStdio`): `hermes … | less` lost its keys with hermes's end,
 * and a job that ended in the background put whoever had the terminal then into the state of the shell's prompt
 * (measured on 20). What is closed it leaves alone. Where we are in a terminal's foreground with input and output it is
 * ours to be put right; but of one that is gone, whose window was closed, node would abort, and leave a core (a CHECK there,
 * after tcsetattr's EIO).
 */
export function leaveTerminalToOthers(noted: NotedDescriptors): void {
  process.once('exit', () => {
    try {
      const { stdinTerminal, stdoutTerminal, stderrTerminal, background } = readDescriptors(noted);
      const foreground = stdinTerminal && stdoutTerminal && !background;
      if (foreground && hasTerminal(readFileSync('/proc/self/stat', 'utf8'))) return;
      for (const [descriptor, isTerminal] of [stdinTerminal, stdoutTerminal, stderrTerminal].entries())
        if (isTerminal) closeSync(descriptor);
    } catch {
      // it was closed already, or there is no /proc: as node would have it
    }
  });
}
