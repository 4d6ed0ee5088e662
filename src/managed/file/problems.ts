import { type Document, isMap, isScalar, type LineCounter, type YAMLError } from 'yaml';
import type { z } from 'zod';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { closest } from './closest.ts';
import { insteadOf } from './nix-only.ts';
import { keysAt } from './schema.ts';

/** Something in the file, and where. `says` is the end of a sentence that begins with file, line and key. */
export type Problem = { readonly line: number; readonly key: string | undefined; readonly says: string };

type Issue = z.core.$ZodIssue;
type Steps = readonly PropertyKey[];

/** What the YAML parser found wrong. */
export function yamlProblem(error: YAMLError, text: string): Problem {
  const line = error.linePos?.[0].line ?? 1;
  const [first = ''] = error.message.split(/ at line \d+| in "|:\n/);
  if (/tab/i.test(first) || error.code === 'TAB_AS_INDENT')
    return { line, key: undefined, says: 'a tab where YAML wants blanks; put two blanks in its place' };
  if (error.code === 'DUPLICATE_KEY')
    return {
      line,
      key: wordAt(text, error.pos[0]),
      says: 'this key is there twice; leave one of the two out',
    };
  if (error.code === 'MULTIPLE_DOCS')
    return { line, key: undefined, says: 'a second document begins here (---); the file is a single one' };
  return { line, key: undefined, says: `no valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}` };
}

function wordAt(text: string, offset: number): string | undefined {
  return /^[\w.-]+/.exec(text.slice(offset))?.[0];
}

/** What the schema found wrong, each with its place in the file. */
export function schemaProblems(issue: Issue, doc: Document, lines: LineCounter): readonly Problem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => unknownKey([...issue.path, name], doc, lines));
  if (issue.code === 'invalid_key') {
    const says = `is no valid name, accepted are ${issue.issues[0]?.message ?? 'names'}`;
    return [{ line: lineOf(doc, issue.path, lines, true), key: shown(issue.path), says }];
  }
  const value = doc.getIn(issue.path, true);
  const says = `is ${describe(value, doc)}, accepted is ${issue.message}${meant(value, issue)}`;
  return [{ line: lineOf(doc, issue.path, lines, false), key: shown(issue.path), says }];
}

function meant(value: unknown, issue: Issue): string {
  if (issue.code !== 'invalid_value' || !isScalar(value) || typeof value.value !== 'string') return '';
  const word = closest(value.value, issue.values.map(String));
  return word === undefined ? '' : `; did you mean ${word}?`;
}

function unknownKey(steps: Steps, doc: Document, lines: LineCounter): Problem {
  const key = shown(steps);
  const place = { line: lineOf(doc, steps, lines, true), key };
  const instead = insteadOf(key);
  if (instead !== undefined) return { ...place, says: `has no meaning off NixOS; ${instead}` };
  const known = keysAt(steps.slice(0, -1));
  const name = String(steps.at(-1));
  const near = closest(name, known);
  if (near !== undefined)
    return { ...place, says: `there is no such key; did you mean ${shown([...steps.slice(0, -1), near])}?` };
  const elsewhere = ['container', ''].find((room) => keysAt(room ? [room] : []).includes(name));
  if (elsewhere !== undefined)
    return {
      ...place,
      says: `there is no such key here; it is ${elsewhere ? `${elsewhere}.` : 'at the top: '}${name}`,
    };
  return { ...place, says: `there is no such key; accepted are ${known.join(', ')}` };
}

/** The line on which a key, or its value, stands. */
export function lineOf(doc: Document, steps: Steps, lines: LineCounter, atKey: boolean): number {
  for (let depth = steps.length; depth > 0; depth--) {
    const parent = depth === 1 ? doc.contents : doc.getIn(steps.slice(0, depth - 1), true);
    const name = String(steps[depth - 1]);
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => String(isScalar(key) ? key.value : key) === name);
      const node = (atKey || depth < steps.length ? pair?.key : (pair?.value ?? pair?.key)) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    const node = doc.getIn(steps.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function shown(steps: Steps): string {
  return steps
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

function describe(value: unknown, doc: Document): string {
  if (value === undefined || value === null) return 'empty';
  if (!isScalar(value)) return isMap(value) ? 'a mapping' : 'a list';
  if (value.value === null) return 'empty';
  const { value: plain } = value;
  if (typeof plain === 'string') return `'${plain}'`;
  return `the ${typeof plain === 'boolean' ? 'truth value' : 'number'} ${String(value.source ?? doc.toString())}`;
}

/** All problems of a file as one failure: the first one is the sentence, the others stand below it. */
export function problemsFailure(file: string, problems: readonly Problem[]): Failure {
  const [first, ...rest] = [...problems].sort((a, b) => a.line - b.line);
  const tell = ({ key, says }: Problem): string => escapeControls(key ? `${key}: ${says}` : says, 500);
  const sentence = `${escapeControls(file)}, line ${first?.line}: ${first ? tell(first) : 'it is not valid'}`;
  return new Failure(exitCodes.cannotRoute, sentence, [
    ...rest.map((problem) => ({ label: `line ${problem.line}`, text: tell(problem) })),
    { label: 'edit it', text: `\${EDITOR:-vi} +${first?.line} ${quoteWord(file)}` },
  ]);
}
