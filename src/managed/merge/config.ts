import { isDeepStrictEqual } from 'node:util';
import { type Document, isAlias, isMap, isNode, isScalar, parseDocument, visit } from 'yaml';
import { exactNumbers } from '../file/exact.ts';
import type { Mapping } from '../file/wanted.ts';
import { dialect } from './dialect.ts';

/** Values by the path of their key, as JSON: what was declared, leaf by leaf. */
export type Leaves = Readonly<Record<string, unknown>>;

/** What came of a merge: the new text, or why the present one cannot be merged into. */
export type Merged =
  | { readonly kind: 'merged'; readonly text: string; readonly changed: boolean }
  | { readonly kind: 'unreadable'; readonly line: number; readonly why: string };

/** Takes a mapping apart into its leaves: scalars, lists, and mappings without keys. */
export function leavesOf(mapping: Mapping, above: readonly string[] = []): Leaves {
  return Object.fromEntries(
    Object.entries(mapping).flatMap(([key, value]): [string, unknown][] => {
      const path = [...above, key];
      const inner = value !== null && typeof value === 'object' && !Array.isArray(value);
      return inner && Object.keys(value as Mapping).length > 0
        ? Object.entries(leavesOf(value as Mapping, path))
        : [[JSON.stringify(path), value]];
    }),
  );
}

/**
 * Merges what is declared into a config.yaml. Declared keys win at their leaf, lists are replaced, everything else stays
 * with its comments and order. What was declared before and is no longer goes only if it still has that value. Pure.
 * @param current its text, `undefined` where there is none
 * @param before the leaves that were declared when it was last written
 */
export function mergeConfig(current: string | undefined, declared: Mapping, before: Leaves): Merged {
  const doc = parseDocument(current ?? '', dialect);
  const [error] = doc.errors;
  if (error)
    return {
      kind: 'unreadable',
      line: error.linePos?.[0].line ?? 1,
      why: error.message.split(' at line')[0] ?? '',
    };
  const { contents } = doc as { contents: unknown };
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === null))
    return { kind: 'unreadable', line: 1, why: 'it is no mapping' };
  if (!isMap(contents)) doc.contents = doc.createNode({}) as never;
  const leaves = leavesOf(declared);
  let changed = false;
  for (const [key, value] of Object.entries(before)) {
    if (key in leaves) continue;
    const path = JSON.parse(key) as string[];
    if (!isDeepStrictEqual(valueAt(doc, path), exactNumbers(value))) continue;
    removeAt(doc, path);
    changed = true;
  }
  for (const [key, declaredValue] of Object.entries(leaves)) {
    const path = JSON.parse(key) as string[];
    const value = exactNumbers(declaredValue);
    const present = valueAt(doc, path);
    const isEmpty = isDeepStrictEqual(value, {});
    if (isDeepStrictEqual(present, value) || (isEmpty && isPlainMap(present))) continue;
    setAt(doc, path, value);
    changed = true;
  }
  if (!changed) return { kind: 'merged', text: current ?? '', changed: false };
  return {
    kind: 'merged',
    text: doc.toString({ lineWidth: 0, ...styleOf(doc, current ?? '') }),
    changed: true,
  };
}

/** Whoever wrote the file set its lists in one way: Python's YAML does not indent them. */
function styleOf(doc: Document, text: string): { indentSeq: boolean; flowCollectionPadding: boolean } {
  return {
    indentSeq: !/^( *)[^\s#-][^\n]*:\n\1- /m.test(text),
    flowCollectionPadding: isPadded(doc, text),
  };
}

/** Is there a blank behind the first bracket? One in a word or a comment is none of a list's. */
function isPadded(doc: Document, text: string): boolean {
  let padded = false;
  visit(doc, {
    Collection(_, { flow, range, items }) {
      if (!flow || !range || items.length === 0) return undefined;
      padded = text[range[0] + 1] === ' ';
      return visit.BREAK;
    },
  });
  return padded;
}

const isPlainMap = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function valueAt(doc: Document, path: readonly string[]): unknown {
  let value: unknown = doc.toJS({ maxAliasCount: 100 });
  for (const step of path) {
    if (!isPlainMap(value)) return undefined;
    value = (value as Mapping)[step];
  }
  return exactNumbers(value);
}

/** A path by the keys that the document has: a key can be a number, such as the id of a channel. */
function keysOf(doc: Document, path: readonly string[]): unknown[] {
  let node: unknown = doc.contents;
  return path.map((step) => {
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      : undefined;
    node = pair?.value;
    return isScalar(pair?.key) ? pair.key.value : step;
  });
}

/** Whatever stands in the way of a path (a scalar, an alias) becomes a mapping of its own. */
function setAt(doc: Document, steps: readonly string[], value: unknown): void {
  const path = keysOf(doc, steps);
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth);
    const node = doc.getIn(above, true);
    if (isMap(node)) continue;
    doc.setIn(above, doc.createNode(isAlias(node) ? node.toJS(doc) : {}));
  }
  const node = doc.getIn(path, true);
  if (isScalar(node) && (value === null || typeof value !== 'object')) {
    // a value in its place keeps the comment behind it
    node.value = value;
    delete node.source;
    delete node.format;
    delete node.tag;
    return;
  }
  doc.setIn(path, isNode(value) ? value : doc.createNode(value));
}

/** Takes a key away, and mappings that are empty without it. */
function removeAt(doc: Document, steps: readonly string[]): void {
  const path = keysOf(doc, steps);
  doc.deleteIn(path);
  for (let depth = path.length - 1; depth > 0; depth--) {
    const above = path.slice(0, depth);
    const node = doc.getIn(above, true);
    if (!isMap(node) || node.items.length > 0) return;
    doc.deleteIn(above);
  }
}
