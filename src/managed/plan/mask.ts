import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { anySecretValue, holdsSecretName } from '../file/secret-names.ts';

const hidden = '***';

/** `name: value` and `name=value` anywhere in a line, up to its end; what is hidden already stays. */
const assigned = /([\w.-]+)(["']?\s*[:=]\s*)(?!\*\*\*)\S.*$/;

/** The same line with what comes behind a secret's name hidden, and what is a key by its look. Pure. */
export function masked(line: string): string {
  const shown = line.replace(anySecretValue, hidden);
  for (let from = 0; from < shown.length; ) {
    const found = assigned.exec(shown.slice(from));
    const [, name = '', sign = ''] = found ?? [];
    if (found === null) break;
    const end = from + found.index + name.length + sign.length;
    if (holdsSecretName(name)) return shown.slice(0, end) + hidden;
    from = end;
  }
  return shown;
}

/**
 * The lines of a text with its secrets hidden, as many as it has. Pure.
 * @param yaml also what YAML says by more than one line: lists and blocks under a secret's name, and aliases
 */
export function maskedLines(text: string, yaml: boolean): readonly string[] {
  const shown = yaml ? withoutNodes(text, secretNodes(text)) : text;
  return shown.split('\n').map(masked);
}

/** Where secrets stand, from and to. */
type Range = readonly [number, number];

function secretNodes(text: string): readonly Range[] {
  const doc = parseDocument(text, { version: '1.1', merge: true, uniqueKeys: false });
  const ranges: Range[] = [];
  const seen = new Set<unknown>();
  const walk = (node: unknown, secret: boolean): void => {
    if (isAlias(node)) {
      const source = secret ? node.resolve(doc) : undefined;
      if (source === undefined || seen.has(source)) return;
      seen.add(source);
      walk(source, true);
    } else if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (secret) walk(key, true);
        walk(value, secret || (isScalar(key) && holdsSecretName(String(key.value))));
      }
    } else if (isSeq(node)) {
      // an option and its value, as two words of a command
      const option = (at: unknown): boolean =>
        isScalar(at) && /^--?[\w-]+$/.test(String(at.value)) && holdsSecretName(String(at.value));
      node.items.forEach((item, at) => {
        walk(item, secret || option(node.items[at - 1]));
      });
    } else if (secret && isScalar(node)) {
      const { range } = node as Node;
      if (range && range[1] > range[0]) ranges.push([range[0], range[1]]);
    }
  };
  walk(doc.contents, false);
  return ranges;
}

/** Hides ranges, and keeps the ends of lines: a difference goes line by line. */
function withoutNodes(text: string, ranges: readonly Range[]): string {
  let [shown, done] = ['', 0];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from < done) continue;
    shown += text.slice(done, from) + text.slice(from, to).replace(/[^\n]*\S[^\n]*/g, hidden);
    done = to;
  }
  return shown + text.slice(done);
}
