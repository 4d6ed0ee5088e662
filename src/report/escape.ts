/** What a terminal would obey or hide: controls, format characters (bidi overrides among them), line separators, lone surrogates. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  if (char === '\t') return '\\t';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * Makes text that comes from metadata, an engine or a log safe to print on one line: control characters become
 * visible escapes, so nothing in it can move the cursor, recolour the terminal or forge a line of ours.
 * @param text anything from outside
 * @param limit longest result in characters; a longer text is cut and ends in `…`
 */
export function escapeControls(text: string, limit = 400): string {
  // no character becomes less than one: what lies beyond need not be looked at, and may be megabytes
  const safe = text.slice(0, limit + 1).replace(unsafe, escaped);
  // a surrogate pair is not cut in two
  return safe.length > limit ? `${safe.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…` : safe;
}
