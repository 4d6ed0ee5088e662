const plain = /^[A-Za-z0-9_./:=@%+,-]+$/;

/** Quotes one word for a POSIX shell, so that it can be pasted: plain words stay bare, the rest goes in single quotes. */
export function quoteWord(word: string): string {
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a whole argument list for a POSIX shell. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
