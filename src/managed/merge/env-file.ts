/** Between these lines of .env stands what is declared; everything else there is the person's own, or hermes's. */
const begin = '# hermes-shim: from environment and environmentFiles of hermes-shim.yaml; edit them there';
const end = '# hermes-shim: end';

/**
 * Puts what is declared into a .env, at its end: of two lines for one name, the later one counts. Pure.
 * @param current its text, `undefined` where there is none
 * @param files the texts of `environmentFiles`, in their order
 * @returns the new text, `undefined` where there shall be none
 */
export function mergeEnv(
  current: string | undefined,
  environment: Readonly<Record<string, string>>,
  files: readonly string[],
): string | undefined {
  const own = withoutBlock(current ?? '');
  const lines = [
    ...Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`),
    ...files.map((text) => text.replaceAll('\r\n', '\n').trimEnd()).filter(Boolean),
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
