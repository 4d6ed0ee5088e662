import { escapeControls } from './escape.ts';
import { quoteWord } from './quote.ts';

/** What a terminal would obey, hide or turn around; a line feed in quotes is harmless, and the exec wrapper has many. */
const unshown = /((?!\n)[\p{Cc}\p{Cf}\u2028\u2029])/u;

/**
 * Quotes one word so that it can be pasted into a POSIX shell and does no harm where it is shown: control characters,
 * which a container's own directories may hold, become calls of printf.
 */
function pasteableWord(word: string): string {
  if (!unshown.test(word)) return quoteWord(word);
  const pieces = word.split(unshown).filter(Boolean);
  return pieces.map((piece) => (unshown.test(piece) ? octal(piece) : quoteWord(piece))).join('');
}

/**
 * One word for a hint, which is one line. No way of POSIX sh says a line feed in a line in all places: a name with one is
 * shown, and harmless, but does not name its file.
 */
export function hintWord(word: string): string {
  return word.includes('\n') ? quoteWord(escapeControls(word, 5000)) : pasteableWord(word);
}

/** A whole command line, likewise. */
export function pasteable(words: readonly string[]): string {
  return words.map(pasteableWord).join(' ');
}

function octal(char: string): string {
  const bytes = [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  return `"$(printf '${bytes.join('')}')"`;
}
