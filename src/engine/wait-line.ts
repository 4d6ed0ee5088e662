import type { Caller } from '../route/caller.ts';
import type { Spinner } from './spinner.ts';

/** What a person sees of a wait: nothing, until there is something to say. */
export type WaitLine = { readonly say: (words: string) => void; readonly stop: () => Promise<void> };

/** A line that comes up with the first words said; the spinner is loaded only then. */
export function openWaitLine(caller: Pick<Caller, 'env' | 'ignored'>): WaitLine {
  let words = '';
  let stopped = false;
  let spinner: Promise<Spinner | undefined> | undefined;
  const start = async (): Promise<Spinner | undefined> => {
    const { startSpinner } = await import('./spinner.ts');
    return stopped ? undefined : startSpinner(words, caller);
  };
  return {
    say: (next) => {
      words = next;
      spinner ??= start();
      void spinner.then((shown) => stopped || shown?.say(words));
    },
    stop: async () => {
      stopped = true;
      (await spinner)?.stop();
    },
  };
}
