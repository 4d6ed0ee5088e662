import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { findCommand } from '../../scripts/engines/command.ts';
import { parseHelp, readCommands } from '../../scripts/man/commands.ts';
import { manualPages } from '../../scripts/man/pages.ts';
import { escapeRoff, toRoff } from '../../scripts/man/roff.ts';
import { introductionOf, sectionOf } from '../../scripts/man/sections.ts';
import { fileOf, manualText, writeManualPages } from '../../scripts/man.ts';

/** As it is read: without fonts and escapes. */
const plain = (roff: string) =>
  roff
    .replace(/\\f[BRI]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(ti', '~');

describe('the manual pages', () => {
  it.each(manualPages)('$name is shipped by npm', (page) => {
    expect(manifest.man).toContain(`dist/${fileOf(page)}`);
    expect(manifest.files).toContain('dist/*.[1-9]');
  });

  it('there is none in package.json that is not made', () => {
    expect(manifest.man).toEqual(manualPages.map((page) => `dist/${fileOf(page)}`));
  });

  it('hermes-shim(1) tells every command with its options, every variable and every exit code', async () => {
    const [page] = manualPages;
    if (page === undefined) throw new Error('there is no page');
    const text = plain(await manualText(page));
    for (const { usage, options } of (await readCommands()).slice(1)) {
      expect(text.replaceAll('\n', ' ')).toContain(usage.replace('…', '\\[u2026]'));
      for (const { term } of options) expect(text).toContain(`.TP\n${term}\n`);
    }
    const configuration = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const tables = ['## Environment variables', '## Exit codes', '## Metadata'];
    const terms = tables.flatMap((heading) => [
      ...sectionOf(configuration, heading).matchAll(/^\| `?([\w+]+)`? \|/gm),
    ]);
    expect(terms.length).toBeGreaterThan(20);
    for (const [, term] of terms)
      if (term !== 'variable' && term !== 'code' && term !== 'key') expect(text).toContain(`.TP\n${term}\n`);
    for (const heading of [
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'ENVIRONMENT',
      'FILES',
      'EXIT STATUS',
      'SEE ALSO',
    ])
      expect(text).toContain(`\n.SH ${heading}\n`);
  });

  it.runIf(findCommand('man') !== null)(
    'man has nothing to complain of, and finds out what they are about',
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'hermes-shim-man-'));
      try {
        await writeManualPages(dir);
        for (const page of manualPages) {
          const file = join(dir, fileOf(page));
          const env = { LC_ALL: 'C.UTF-8', MANWIDTH: '80' };
          const shown = await execa('man', ['--warnings', '-E', 'UTF-8', '-l', file], { env });
          expect(shown.stderr).toBe('');
          expect(shown.stdout).toContain(page.summary);
        }
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );
});

describe('Markdown in a manual page', () => {
  it('lets roff take no text for a request, and nothing be pasted as another character', () => {
    expect(escapeRoff("a-b 'c' `d` ~e ^f \\g …")).toBe(
      'a\\-b \\(aqc\\(aq \\(gad\\(ga \\(tie \\(haf \\eg \\[u2026]',
    );
    expect(toRoff("```text\n.TH evil\n'evil\n```")).toContain('\n\\&.TH evil\n\\(aqevil\n');
    const long = `${'word '.repeat(20)}.so /etc/passwd`;
    expect(toRoff(long)).not.toMatch(/^\.so/m);
  });

  it('shows headings, lists, tables and links', () => {
    const text =
      '## One\n\nA *b* **c** `d` [e](f.md) [g](https://h.example).\n\n- i\n- j\n\n| k | l |\n|---|---|\n| `m` | n |\n';
    expect(toRoff(text)).toBe(
      '.SH ONE\nA \\fIb\\fR \\fBc\\fR \\fBd\\fR e g (https://h.example).\n.IP \\(bu 2\ni\n.IP \\(bu 2\nj\n.TP\n\\fBm\\fR\nn\n',
    );
    expect(toRoff('| a | b | c |\n|---|---|---|\n| d | e | f |\n')).toBe('.TP\nd\nb: e\n.br\nc: f\n');
    expect(toRoff('1. a\n2. b\n')).toBe('.IP 1. 4\na\n.IP 2. 4\nb\n');
  });

  it('is refused where it would be lost', () => {
    expect(() => toRoff('![a picture](x.svg)')).toThrow(/no manual page can show image/);
    expect(() => toRoff('> a quotation')).toThrow(/no manual page can show blockquote/);
  });

  it('is taken by sections, which a code block does not end', () => {
    const text = '# T\n\nFor whoever.\n\nAbout.\n\n## A\n\n```\n## no heading\n```\n\n### B\n\nb\n\n## C\n';
    expect(introductionOf(text)).toBe('About.');
    expect(sectionOf(text, '## A')).toBe('```\n## no heading\n```\n\n### B\n\nb');
    expect(sectionOf(text, '## C')).toBe('');
    expect(() => sectionOf(text, '## D')).toThrow('there is no heading "## D"');
  });
});

it('a help is taken apart into its terms, with the choices that its words leave out', () => {
  const help = [
    'x do',
    'Does it.',
    'Positionals:\n  what  one or two  [required] [choices: "one", "two"]',
    'Options:\n  -h, --help  Show help  [boolean]\n      --by    How  [choices: "a", "b"] [default: "a"]',
    'Examples:\n  x do one  the first\n  x do two',
  ].join('\n\n');
  expect(parseHelp('do', help)).toEqual({
    name: 'do',
    usage: 'x do',
    describes: 'Does it.',
    commands: [],
    positionals: [{ term: 'what', says: 'one or two' }],
    options: [
      { term: '-h, --help', says: 'Show help' },
      { term: '--by', says: 'How: a, b' },
    ],
    examples: [
      { term: 'x do one', says: 'the first' },
      { term: 'x do two', says: '' },
    ],
  });
});
