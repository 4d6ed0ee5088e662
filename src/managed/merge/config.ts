import { isDeepStrictEqual } from 'node:util';
import { type Document, isAlias, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { Mapping } from '../file/wanted.ts';

/** Values by the path of their key, as JSON: what was declared, leaf by leaf. */
export type Leaves = Readonly<Record<string, unknown>>;

/** What came of a merge: the new text, or why the present one cannot be merged into. */
export type Merged =
  | { readonly kind: 'merged'; readonly text: string; readonly changed: boolean }
  | { readonly kind: 'unreadable'; readonly line: number; readonly why: string };

/** Python reads config.yaml by YAML 1.1, where a bare `yes` or `on` is true: what is written must be quoted for that. */
const dialect = { version: '1.1', merge: true, uniqueKeys: false } as const;

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
    if (!isDeepStrictEqual(valueAt(doc, path), value)) continue;
    removeAt(doc, path);
    changed = true;
  }
  for (const [key, value] of Object.entries(leaves)) {
    const path = JSON.parse(key) as string[];
    const present = valueAt(doc, path);
    const isEmpty = isDeepStrictEqual(value, {});
    if (isDeepStrictEqual(present, value) || (isEmpty && isPlainMap(present))) continue;
    setAt(doc, path, value);
    changed = true;
  }
  if (!changed) return { kind: 'merged', text: current ?? '', changed: false };
  return { kind: 'merged', text: doc.toString({ lineWidth: 0, ...styleOf(current ?? '') }), changed: true };
}

/** Whoever wrote the file set its lists in one way: Python's YAML does not indent them. */
function styleOf(text: string): { indentSeq: boolean; flowCollectionPadding: boolean } {
  return {
    indentSeq: !/^( *)[^\s#-][^\n]*:\n\1- /m.test(text),
    flowCollectionPadding: /[[{] /.test(text),
  };
}

const isPlainMap = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function valueAt(doc: Document, path: readonly string[]): unknown {
  let value: unknown = doc.toJS({ maxAliasCount: 100 });
  for (const step of path) {
    if (!isPlainMap(value)) return undefined;
    value = (value as Mapping)[step];
  }
  return value;
}

/** Whatever stands in the way of a path (a scalar, an alias) becomes a mapping of its own. */
function setAt(doc: Document, path: readonly string[], value: unknown): void {
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
    return;
  }
  doc.setIn(path, isNode(value) ? value : doc.createNode(value));
}

/** Takes a key away, and mappings that are empty without it. */
function removeAt(doc: Document, path: readonly string[]): void {
  doc.deleteIn(path);
  for (let depth = path.length - 1; depth > 0; depth--) {
    const above = path.slice(0, depth);
    const node = doc.getIn(above, true);
    if (!isMap(node) || node.items.length > 0) return;
    doc.deleteIn(above);
  }
}
