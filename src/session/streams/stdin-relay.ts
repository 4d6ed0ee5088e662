import { closeSync } from 'node:fs';
import { startCat } from './cat.ts';
import { openPipe } from './pipe.ts';

/** A terminal's input on its way to a client that may not read the terminal itself. */
export type StdinRelay = {
  readonly reader: number;
  readonly pid: number | undefined;
  readonly started: () => void;
  readonly end: () => void;
};

/**
 * Puts a `cat` of ours between the terminal and the engine's client. Behind sudo the client is root's: it cannot be
 * stopped, and from its own process session it would go on reading what is typed at the shell after Ctrl-Z
 * (measured). In our process session it would get the keyboard's signals, and sudo would make the terminal raw
 * (`use_pty`). The `cat` is in our process group, where job control works by itself. The keyboard's INT and QUIT are
 * hermes's, which may go on: they do not end it.
 * @returns `undefined` where no pipe can be made: then the client gets /dev/null
 */
export async function relayStdin(): Promise<StdinRelay | undefined> {
  try {
    const { reader, writer } = await openPipe();
    const cat = startCat(['SIGINT', 'SIGQUIT'], { stdio: ['inherit', writer, 'ignore'] });
    cat.on('error', () => undefined);
    closeSync(writer);
    return { reader, pid: cat.pid, started: () => closeSync(reader), end: () => void cat.kill('SIGTERM') };
  } catch {
    return undefined;
  }
}
