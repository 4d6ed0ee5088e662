import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { configDirectory } from '../../system/environment.ts';
import { errorCode } from '../../system/error-code.ts';
import { lineOfOtherBytes } from '../../system/utf8.ts';
import { exactNumbers } from './exact.ts';
import { lineOf, type Problem, problemsFailure, schemaProblems, yamlProblem } from './problems.ts';
import { type Declared, declaration } from './schema.ts';

/** Largest file that is read, in bytes. */
const sizeLimit = 1024 * 1024;

/** Where the file is, unless `--file` says otherwise: root's and a user's own. */
export function defaultFile(who: { uid: number; home: string; configHome?: string | undefined }): string {
  if (who.uid === 0) return '/etc/hermes-shim/hermes-shim.yaml';
  return join(configDirectory(who.configHome, who.home), 'hermes-shim/hermes-shim.yaml');
}

/** The file, read and checked. */
export type DeclaredFile = {
  readonly file: string;
  readonly declared: Declared;
  /** the line on which a key stands, for warnings */
  readonly lineOf: (...steps: readonly (string | number)[]) => number;
  /** somebody who is not root can write it */
  readonly loose: boolean;
};

/**
 * Reads and checks the file.
 * @param named it was named, and not looked for where it usually is
 * @throws {Failure} 125 with file, line, key and what is accepted
 */
export function readDeclaration(file: string, named = false): DeclaredFile {
  const { text, loose } = readText(file, named);
  return { ...parseDeclaration(text, file), loose };
}

/** The same of a text. Pure. */
export function parseDeclaration(text: string, file: string): DeclaredFile {
  const lines = new LineCounter();
  const doc = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: true,
    uniqueKeys: true,
    intAsBigInt: true,
  });
  const problems: Problem[] = doc.errors.map((error) => yamlProblem(error, text));
  if (problems.length > 0) throw problemsFailure(file, problems.slice(0, 5));
  let plain: unknown;
  try {
    plain = exactNumbers(doc.toJS({ maxAliasCount: 100 })) ?? {};
  } catch (error) {
    const many = /alias|call stack/i.test(String(error));
    const says = many
      ? 'its aliases (*name) unfold into too much; write out what they stand for'
      : `it cannot be read: ${String(error)}`;
    throw problemsFailure(file, [{ line: 1, key: undefined, says }]);
  }
  const checked = declaration.safeParse(withoutEmpty(plain));
  if (!checked.success)
    throw problemsFailure(
      file,
      checked.error.issues.flatMap((issue) => schemaProblems(issue, doc, lines)),
    );
  return {
    file,
    declared: checked.data,
    lineOf: (...steps) => lineOf(doc, steps, lines, true),
    loose: false,
  };
}

/** Under these a person has commented everything out, and the key alone is left. */
const collections =
  'settings environment environmentFiles documents mcpServers extraArgs extraPlugins container'.split(' ');

function withoutEmpty(plain: unknown): unknown {
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) return plain;
  return Object.fromEntries(
    Object.entries(plain).filter(([key, value]) => value !== null || !collections.includes(key)),
  );
}

function readText(file: string, named: boolean): { text: string; loose: boolean } {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new Failure(
        exitCodes.cannotRoute,
        `there is no ${escapeControls(file)}, which says what to make`,
        [
          { label: 'write one', text: `hermes-shim init${named ? ` --file ${quoteWord(file)}` : ''}` },
          { label: 'or name another', text: 'hermes-shim up --file FILE' },
        ],
      );
    throw new Failure(exitCodes.cannotRoute, `${escapeControls(file)} cannot be read (${code})`, [
      { label: 'look', text: `ls -l ${quoteWord(file)}` },
    ]);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > sizeLimit)
      throw new Failure(
        exitCodes.cannotRoute,
        `${escapeControls(file)} is ${stat.isFile() ? 'larger than 1 MiB' : 'no regular file'}`,
        [{ label: 'look', text: `ls -l ${quoteWord(file)}` }],
      );
    const loose = stat.uid !== 0 || (stat.mode & 0o022) !== 0;
    const bytes = readFileSync(descriptor);
    const line = lineOfOtherBytes(bytes);
    if (line !== undefined)
      throw problemsFailure(file, [
        { line, key: undefined, says: 'there are bytes that are not UTF-8; save the file as UTF-8' },
      ]);
    return { text: bytes.toString().replace(/^\ufeff/, ''), loose };
  } finally {
    closeSync(descriptor);
  }
}
