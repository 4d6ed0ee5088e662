/** Between these lines of .env stands what is declared; everything else there is the person's own, or hermes's. */
const begin = '# hermes-shim: from environment and environmentFiles of hermes-shim.yaml; edit them there';
const end = '# hermes-shim: end';

/**
 * Puts what is declared into a .env, at its end: of two lines for one name, the later one counts. What others wrote stays
 * to the byte, also where it is no UTF-8: here each byte is a character of Latin-1. Pure.
 * @param current what is in it, `undefined` where there is none
 * @param files the contents of `environmentFiles`, in their order
 * @returns the new content, `undefined` where there shall be none
 */
export function mergeEnv(
  current: Buffer | undefined,
  environment: Readonly<Record<string, string>>,
  files: readonly Buffer[],
): Buffer | undefined {
  const text = mergeText(
    current?.toString('latin1'),
    Object.entries(environment).map(([name, value]) => bytesIn(`${name}=${quoted(value)}`)),
    files.map((file) => file.toString('latin1')),
  );
  return text === undefined ? undefined : Buffer.from(text, 'latin1');
}

const bytesIn = (text: string): string => Buffer.from(text).toString('latin1');

function mergeText(
  current: string | undefined,
  environment: readonly string[],
  files: readonly string[],
): string | undefined {
  const own = withoutBlock(current ?? '');
  const lines = [
    ...environment,
    // trimEnd() would take a byte 0xa0 for a blank, which ends many a letter of UTF-8
    ...files.map((text) => text.replaceAll('\r\n', '\n').replace(/[ \t\n\r]+$/, '')).filter(Boolean),
  ];
  if (lines.length === 0) return current === undefined ? undefined : own === current ? current : own;
  const gap = own === '' || own.endsWith('\n') ? '' : '\n';
  return `${own}${gap}${[begin, ...lines, end].join('\n')}\n`;
}

/** What a .env says apart from our block. A block without its end goes to the file's end: it was ours when it was written. */
function withoutBlock(text: string): string {
  const lines = text.split('\n');
  const from = lines.indexOf(begin);
  if (from < 0) return text;
  const to = lines.indexOf(end, from);
  return [...lines.slice(0, from), ...(to < 0 ? [] : lines.slice(to + 1))].join('\n');
}

/** A value as python-dotenv reads it: bare where that is safe, else in single quotes. */
function quoted(value: string): string {
  return /^[\w./:@%+,=-]*$/.test(value) ? value : `'${value.replace(/[\\']/g, '\\$&')}'`;
}

/** The names that a .env sets, for people: values are never shown. */
export function namesIn(text: string): readonly string[] {
  const names = text.split('\n').map((line) => /^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=/.exec(line)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
