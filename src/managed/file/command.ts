import { quoteWord } from '../../report/quote.ts';
import type { Wanted } from './wanted.ts';

/** A command of hermes-shim for the same file, to be pasted: one that lies where it usually does is not named. Pure. */
export function commandOf({ file, isUsual }: Pick<Wanted, 'file' | 'isUsual'>, words: string): string {
  return `hermes-shim ${words}${isUsual ? '' : ` --file ${quoteWord(file)}`}`;
}
