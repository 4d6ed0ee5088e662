/** Quotes a word for a unit file (systemd.syntax(7), systemd.unit(5)): `%` begins a specifier, `$` a variable. */
export function quoteUnitWord(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./:@+=,%$-]+$/.test(escaped) ? escaped : `"${escaped.replace(/[\\"]/g, '\\$&')}"`;
}
