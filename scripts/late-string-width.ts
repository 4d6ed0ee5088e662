/** What string-width makes as soon as it is loaded is made when it is first used, and that is for text beyond ASCII alone. */

/** A constant that takes long to make: a segmenter, or a pattern with properties of strings (the flag v). */
const slow = /^const (\w+) = (new Intl\.Segmenter\(\)|\/.+\/v);$/gm;

/**
 * The library's text with each such constant made when it is first asked for. yargs loads the library in every call of
 * the companion, and ora with the spinner. Of the 131 ms of processor time that `hermes-shim --version` took, these
 * constants were 31; together with one version of the library in the place of two, `--help` went from 172 ms to 107
 * (medians of 15, Node.js 20.20, on a machine where `node -e 0` takes 24).
 * @throws {Error} where there is none: the library has changed, and this has to be looked at
 */
export function makeLate(text: string): string {
  const names = [...text.matchAll(slow)].map(([, name]) => name);
  if (names.length === 0) throw new Error('string-width has no constants any more that take long to make');
  const used = new RegExp(`(?<!const )\\b(${names.join('|')})\\b`, 'g');
  const late = text.replace(used, '$1()').replace(slow, 'const $1 = late(() => $2);');
  return `${late}\nfunction late(make) { let made; return () => (made ??= make()); }\n`;
}

/** For rolldown. */
export const lateStringWidth = () => ({
  name: 'late-string-width',
  transform: (code: string, id: string) => (id.endsWith('/string-width/index.js') ? makeLate(code) : null),
});
