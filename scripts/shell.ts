/** Programs of sh as files of their own, taken into the bundle as text. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A part that several programs share: `. ./part.sh`, alone on its line. shellcheck follows it, too. */
const include = /^\s*\. (\.{1,2}\/[a-z/-]+\.sh)$/;

/**
 * What of a program goes into the bundle: its first line if it names the shell, then no line that is a comment or
 * empty, no indentation, and the parts that it includes in their place. Lines that begin within quotes stay as they are.
 * @param readPart the text of a part, by the path that the program gives
 * @throws {Error} for a quote that is left open, and for a here-document, whose indentation would count
 */
export function packShell(text: string, readPart: (name: string) => string): string {
  const packed: string[] = [];
  let quote: Quote = '';
  for (const [index, line] of text.trimEnd().split('\n').entries()) {
    const part = quote === '' ? include.exec(line)?.[1] : undefined;
    if (part !== undefined) packed.push(packShell(readPart(part).replace(/^#!.*\n/, ''), readPart));
    else if (quote !== '') packed.push(line);
    else if ((index === 0 && line.startsWith('#!')) || !/^\s*(#|$)/.test(line)) packed.push(line.trimStart());
    quote = quoteBehind(line, quote);
  }
  if (quote !== '') throw new Error(`a program of sh ends within ${quote}`);
  return packed.join('\n');
}

type Quote = '' | "'" | '"';

/** Which quote is open behind a line. */
function quoteBehind(line: string, open: Quote): Quote {
  let quote = open;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? '';
    if (quote === "'") {
      if (char === "'") quote = '';
    } else if (char === '\\') {
      at += 1;
    } else if (char === '"') {
      quote = quote === '"' ? '' : '"';
    } else if (quote === '') {
      if (char === "'") quote = "'";
      if (char === '#' && /^$|\s/.test(line[at - 1] ?? '')) return quote;
      if (/^<<-?\s*['"\\]?[A-Za-z_]/.test(line.slice(at))) throw new Error(`a here-document: ${line.trim()}`);
    }
  }
  return quote;
}

/** The text of a `.sh` file as it goes into the bundle. */
export function readShell(file: string): string {
  return packShell(readFileSync(file, 'utf8'), (part) => readFileSync(join(dirname(file), part), 'utf8'));
}

/** Text as a template: in one, neither its lines nor its quotes take an escape. */
const asTemplate = (text: string): string => `\`${text.replace(/[`\\]|\$\{/g, '\\$&')}\``;

/** For rolldown and vite alike: `import wrapper from './exec-wrapper.sh'` is the program's text. */
export const shellText = () => ({
  name: 'shell-text',
  load: (id: string) =>
    id.endsWith('.sh')
      ? {
          code: `const text = ${asTemplate(readShell(id))};\nexport default text;`,
          moduleType: 'js' as const,
        }
      : null,
});
