/** Whose code stands in the bundle beside ours, and on which terms: a text that goes along with it, as those terms want. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The directories of the packages that these modules are of, by their paths; each once. */
export function packagesOf(modules: Iterable<string>): readonly string[] {
  const directories = [...modules].flatMap((path) => {
    // of packages in packages, the innermost
    const [, directory] = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    return directory === undefined ? [] : [directory];
  });
  return [...new Set(directories)].sort();
}

/**
 * One text of what these packages say of themselves.
 * @throws where one has neither a file with its terms nor a word of them in its package.json
 */
export function noticesOf(directories: readonly string[]): string {
  const notices = directories.map(noticeOf);
  const once = [...new Map(notices.map((notice) => [notice.title, notice])).values()];
  const sections = once
    .sort((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, text }) => `${title}\n\n${text}\n`);
  const head = 'hermes-shim is MIT (LICENSE). Its files hold code of these packages, too:\n';
  return [head, ...sections].join(`\n${'-'.repeat(72)}\n\n`);
}

function noticeOf(directory: string): { title: string; text: string } {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  ) as { name: string; version: string; license?: string; author?: string | { name?: string } };
  const file = readdirSync(directory)
    .sort()
    .find((entry) => /^(licen[cs]e|copying)(\.|-|$)/i.test(entry));
  if (license === undefined && file === undefined)
    throw new Error(`${directory} does not say on which terms it may be handed on`);
  const by = typeof author === 'string' ? author : author?.name;
  const text = file
    ? readFileSync(join(directory, file), 'utf8').trim()
    : `${license}${by ? `, by ${by}` : ''}`;
  return { title: `${name} ${version} (${license ?? 'see below'})`, text };
}
