/** The keys of what the companion prints as JSON, out of its source: they are a promise to programs. */

/** Where an object begins that is printed: `json: {`, and two that are handed on. */
const beginnings = /\bjson: (?=\{)|(?=\{ removed\b)|(?=\{ runs\b)/g;

/** Names of properties in every object that is printed by this source, nested ones too. */
export function jsonKeys(source: string): readonly string[] {
  return [...source.matchAll(beginnings)].flatMap(({ index, 0: { length } }) =>
    keysIn(objectAt(source, index + length)),
  );
}

/** The object that begins there, up to the brace that closes it. */
function objectAt(source: string, begin: number): string {
  let depth = 0;
  for (let at = begin; at < source.length; at += 1) {
    if (source[at] === '{') depth += 1;
    if (source[at] === '}') depth -= 1;
    if (depth === 0) return source.slice(begin, at + 1);
  }
  return source.slice(begin);
}

/** `{ a: 1, b, ...c }` has a and b. */
function keysIn(object: string): readonly string[] {
  const calls = object.replace(/\([^()]*\)/g, '()').replace(/'[^']*'/g, "''");
  return [...calls.matchAll(/[{,]\s*(\w+)(?=\s*[:,}])/g)].map(([, key = '']) => key);
}
