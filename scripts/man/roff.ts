/** Markdown as man(7) has it: what the pages of docs/ use, and a loud error for anything else. */
import { marked, type Token, type Tokens } from 'marked';

/** A manual page's body, from the first heading on. Headings of the second rank become sections. */
export function toRoff(markdown: string): string {
  const lines = blocks(marked.lexer(markdown));
  // a heading begins a paragraph by itself
  const needed = lines.filter((line, index) => line !== '.PP' || !/^\.S[HS] /.test(lines[index - 1] ?? ''));
  return `${needed.join('\n')}\n`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\e'],
  // man would make typographic ones of these, which nobody can paste
  ["'", '\\(aq'],
  ['`', '\\(ga'],
  ['^', '\\(ha'],
  ['~', '\\(ti'],
  ['-', '\\-'],
]);

/** Text with nothing that roff would take for its own, in ASCII: who reads it may have no UTF-8. */
export function escapeRoff(text: string): string {
  return text
    .replace(/[\\'`^~-]/g, (character) => escapes.get(character) ?? character)
    .replace(/[^\0-\x7f]/gu, (character) => `\\[u${hex(character)}]`);
}

/** Lines of which roff takes none for a request. */
const noRequest = (lines: string): string => lines.replace(/^\./gm, '\\&.');

const hex = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

function blocks(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token) => {
    switch (token.type) {
      case 'space':
      case 'html':
        return [];
      case 'heading': {
        const text = inline(token.tokens ?? []);
        return token.depth <= 2 ? [`.SH ${text.toUpperCase()}`] : [`.SS ${text}`];
      }
      case 'paragraph':
        return ['.PP', fill(inline(token.tokens ?? []))];
      case 'text':
        return [fill(inline(token.tokens ?? [token]))];
      case 'code':
        return ['.PP', '.RS 4', '.EX', noRequest(escapeRoff(token.text)), '.EE', '.RE'];
      case 'list':
        return list(token as Tokens.List);
      case 'table':
        return (token as Tokens.Table).rows.flatMap((row) => tableRow(row, (token as Tokens.Table).header));
      default:
        throw new Error(`no manual page can show ${token.type}: ${token.raw}`);
    }
  });
}

function list({ ordered, start, items }: Tokens.List): string[] {
  return items.flatMap((item, index) => {
    const sign = ordered ? `.IP ${Number(start) + index}. 4` : '.IP \\(bu 2';
    const [first, ...rest] = blocks(item.tokens);
    return [sign, first ?? '', ...(rest.length > 0 ? ['.RS', ...rest, '.RE'] : [])];
  });
}

/** The first cell stands out, the others follow; where there are several, each with its column's name. */
function tableRow(
  [term, ...cells]: readonly Tokens.TableCell[],
  header: readonly Tokens.TableCell[],
): string[] {
  const texts = cells.map(({ tokens }, index) => {
    const name = inline(header[index + 1]?.tokens ?? []);
    return cells.length > 1 && name ? `${name}: ${inline(tokens)}` : inline(tokens);
  });
  return ['.TP', inline(term?.tokens ?? []), texts.map(fill).join('\n.br\n')];
}

/** Breaks prose into lines, as roff sources have them; where they break means nothing. */
function fill(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 79) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return noRequest(lines.join('\n'));
}

function inline(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      switch (token.type) {
        case 'text':
        case 'escape':
          return 'tokens' in token && token.tokens ? inline(token.tokens) : escapeRoff(token.text);
        case 'codespan':
          return `\\fB${escapeRoff(token.text)}\\fR`;
        case 'strong':
          return `\\fB${inline(token.tokens ?? [])}\\fR`;
        case 'em':
          return `\\fI${inline(token.tokens ?? [])}\\fR`;
        case 'link': {
          const text = inline(token.tokens ?? []);
          // a page of docs/ is nowhere to be seen from here
          return /^https?:/.test(token.href) ? `${text} (${escapeRoff(token.href)})` : text;
        }
        default:
          throw new Error(`no manual page can show ${token.type}: ${token.raw}`);
      }
    })
    .join('');
}
