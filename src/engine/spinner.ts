import { escapeControls } from '../report/escape.ts';

/** A line on stderr that moves, for a person who waits. */
export type Spinner = { readonly say: (words: string) => void; readonly stop: () => void };

/** Signals that end a wait at once; the cursor comes back first. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Starts an `ora` spinner. Loaded only when a wait has begun: importing it costs 52 ms. `discardStdin` is off,
 * since it would put stdin in raw mode and swallow what is typed ahead.
 * A signal that ends the wait removes the spinner first and then ends this process by that very signal.
 */
export async function startSpinner(words: string): Promise<Spinner> {
  const { default: ora } = await import('ora');
  const spinner = ora({ text: escapeControls(words), stream: process.stderr, discardStdin: false });
  const end = (signal: NodeJS.Signals): void => {
    stop();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    for (const signal of endings) process.removeListener(signal, end);
    spinner.stop();
  };
  for (const signal of endings) process.on(signal, end);
  spinner.start();
  return {
    say: (next) => {
      spinner.text = escapeControls(next);
    },
    stop,
  };
}
