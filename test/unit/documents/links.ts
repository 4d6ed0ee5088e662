/** The links of a Markdown document, and what they lead to. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { marked, type Token, type Tokens } from 'marked';

/** Addresses of links and pictures that are no web addresses, as written: `docs/page.md#heading`. */
export function relativeLinks(document: string): readonly string[] {
  const found: string[] = [];
  marked.walkTokens(marked.lexer(document), (token: Token) => {
    if (token.type === 'link' || token.type === 'image') found.push((token as Tokens.Link).href);
  });
  return found.filter((href) => !/^[a-z]+:/.test(href));
}

/** The names that GitHub gives to a document's headings. */
function anchorsOf(document: string): readonly string[] {
  return marked
    .lexer(document)
    .filter((token): token is Tokens.Heading => token.type === 'heading')
    .map(({ text }) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    );
}

/** Says what is wrong with a link, or nothing. */
export function faultOf(href: string, file: string): string | undefined {
  const [path = '', anchor] = href.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(target)) return `${href}: there is no ${target}`;
  if (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor)) return undefined;
  return `${href}: ${target} has no such heading`;
}
