import { escapeControls } from '../report/escape.ts';
import { writeError } from '../report/stderr.ts';
import type { IgnorableSignal } from '../route/caller.ts';
import type { Environment } from '../system/environment.ts';
import { listen, listenNoMore } from '../system/listen.ts';
import { dieBy, endTied, fatalSignals } from '../system/tied.ts';

/** A line on stderr that moves, for a person who waits. */
export type Spinner = { readonly say: (words: string) => void; readonly stop: () => void };

/**
 * Starts an `ora` spinner. Loaded only when a wait has begun: importing it costs 52 ms. `discardStdin` is off,
 * since it would put stdin in raw mode and swallow what is typed ahead.
 * A signal that ends the wait removes the spinner first and then ends this process by that very signal; signals
 * that the caller ignores stay ignored.
 */
export async function startSpinner(
  words: string,
  caller: { env: Environment; ignored: readonly IgnorableSignal[] },
): Promise<Spinner> {
  // a terminal that cannot move its cursor would keep every frame: it gets plain lines
  if (caller.env.TERM === 'dumb') return speakPlainly(words);
  const { default: ora } = await import('ora');
  // a terminal that was closed must not turn a frame into a crash
  process.stderr.on('error', () => undefined);
  const spinner = ora({
    text: escapeControls(words),
    stream: withColumns(process.stderr),
    isEnabled: true,
    discardStdin: false,
    // ora's colours do not know it: https://no-color.org
    color: caller.env.NO_COLOR ? false : 'cyan',
  });
  // the cursor comes back first
  const signals = fatalSignals.filter((signal) => !(caller.ignored as readonly string[]).includes(signal));
  const end = (signal: NodeJS.Signals): void => {
    stop();
    endTied();
    listenNoMore([signal]);
    process.kill(process.pid, signal);
  };
  // Ctrl-Z: the shell behind us wants its cursor; stopped here, and going on here once somebody says so
  const pause = (): void => {
    spinner.stop();
    process.kill(process.pid, 'SIGSTOP');
    spinner.start();
  };
  const stop = (): void => {
    dieBy(signals);
    listenNoMore(['SIGTSTP']);
    spinner.stop();
  };
  listen(signals, end);
  listen(['SIGTSTP'], pause);
  spinner.start();
  return {
    say: (next) => {
      spinner.text = escapeControls(next);
    },
    stop,
  };
}

/** How wide a terminal counts that does not know its width, in columns. */
const usualColumns = 80;

/**
 * The same terminal, always with a width. A serial console and `ssh -tt` from a script have none, 0, and ora 9.4.1
 * then clears lines for ever. Asked anew each time: the size may go while we wait.
 */
function withColumns(terminal: NodeJS.WriteStream): NodeJS.WriteStream {
  return Object.create(terminal, { columns: { get: () => terminal.columns || usualColumns } });
}

/** One line for each thing that is waited for. */
function speakPlainly(words: string): Spinner {
  let said = '';
  const say = (next: string): void => {
    if (next !== said) writeError(`hermes: ${escapeControls(next)}\n`);
    said = next;
  };
  say(words);
  return { say, stop: () => undefined };
}
