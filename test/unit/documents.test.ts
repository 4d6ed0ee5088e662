import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { readCommands } from '../../scripts/man/commands.ts';
import { sectionOf } from '../../scripts/man/sections.ts';
import { checkNames, well } from '../../src/companion/check.ts';
import { failureJson } from '../../src/companion/format-failure.ts';
import { runningJson } from '../../src/companion/ps.ts';
import { exitCodes, Failure } from '../../src/report/failure.ts';
import { keysOf, parseMetadata } from '../../src/route/metadata.ts';
import { pinFile } from '../../src/route/pin.ts';
import { pickForwarded } from '../../src/session/plan/environment.ts';
import { jsonKeys } from './documents/json-keys.ts';
import { faultOf, relativeLinks } from './documents/links.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const readme = read('README.md');
const contributing = read('CONTRIBUTING.md');
const configuration = read('docs/configuration.md');
const companion = read('docs/companion.md');
const pages = readdirSync(`${root}docs`)
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...pages];
const everything = documents.map(read).join('\n');

/** The first cells of a table's rows. */
const rows = (text: string) => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');

const code = ['src', 'bin']
  .flatMap((dir) => readdirSync(`${root}${dir}`, { recursive: true }).map((name) => `${dir}/${name}`))
  .filter((file) => statSync(`${root}${file}`).isFile())
  .map(read)
  .join('\n');

/** Every HERMES_ name in the code; one that goes on (`HERMES_IGNORE_*`) ends in a star. */
const variables = [
  ...new Set([...code.matchAll(/\bHERMES_[A-Z_]*[A-Z_*]/g)].map(([name]) => name.replace(/_$/, '_*'))),
];

describe('the README', () => {
  it('is short: 200 lines at most', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });

  it('goes from what it is to the links, in the order of a newcomer', () => {
    expect([...readme.matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual([
      'Requirements',
      'Quick start',
      'NixOS',
      'Containers of your own, the official image, compose',
      'Everyday use',
      'When something is wrong',
      'Five limits',
      'Security',
      'Cost',
      'Links',
    ]);
  });

  it('leads to every page', () => {
    const links = relativeLinks(sectionOf(readme, '## Links'));
    for (const page of pages) expect(links).toContain(page);
  });

  it('names five limits, which are among those that are explained', () => {
    const limits = [...sectionOf(readme, '## Five limits').matchAll(/^- \*\*(.+?)\*\*/gm)].map(
      ([, name]) => name,
    );
    expect(limits).toHaveLength(5);
    for (const name of limits) expect(read('docs/limitations.md')).toContain(`\n- **${name}**`);
  });

  it('shows the measurements as a chart, with the numbers of their table', () => {
    expect(sectionOf(readme, '## Cost')).toContain('](docs/performance.svg)');
    const performance = read('docs/performance.md');
    const values = [...read('docs/performance.svg').matchAll(/>(\d+) ms( \([\d.]+\))?<\/text>/g)];
    expect(values.length).toBeGreaterThan(15);
    for (const [, ms, ratio = ' (1.00)'] of values) expect(performance).toContain(`| ${ms}${ratio} |`);
  });
});

describe('docs/configuration.md', () => {
  it.each(variables)('knows the variable %s, or CONTRIBUTING lists it as internal', (name) => {
    const internal = sectionOf(contributing, '## Internal variables');
    expect(configuration + internal).toContain(`\`${name}\``);
  });

  it('describes no variable that the code does not know', () => {
    const described = rows(sectionOf(configuration, '## Environment variables'));
    expect(described.length).toBeGreaterThan(10);
    for (const name of described) expect(code).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('lists exactly what is handed to hermes without being asked', () => {
    const [, after = ''] = configuration.split('without being asked:\n');
    const [list = '', withheld = ''] = after.split('Never handed over:');
    const names = (text: string) => [...text.matchAll(/`([A-Z_]+\*?)`/g)].map((match) => match[1] ?? '');
    const samples = names(list).map((name) => name.replace('*', 'ANY'));
    const env = Object.fromEntries(samples.map((name) => [name, 'value']));
    expect(pickForwarded(env).plain.map(([name]) => name)).toEqual(samples);
    // And the other way round: every name of the code's own list is on the page.
    const source = /const forwarded = \[([^\]]+)\]/.exec(read('src/session/plan/environment.ts'))?.[1] ?? '';
    expect([...source.matchAll(/[A-Z][A-Z_]+\*?/g)].map(([name]) => name).sort()).toEqual(names(list).sort());
    const kept = names(withheld.split('\n\n')[0] ?? '').map((name) => name.replace('*', 'ANY'));
    expect(kept.length).toBeGreaterThan(2);
    const asked = {
      ...Object.fromEntries(kept.map((name) => [name, 'value'])),
      HERMES_SHIM_FORWARD_ENV: '*',
    };
    expect(pickForwarded(asked)).toEqual({ plain: [], secret: [], encoded: [] });
  });

  it.each(Object.entries(exitCodes))('explains the exit code for %s, %d', (_, number) => {
    expect(sectionOf(configuration, '## Exit codes')).toMatch(new RegExp(`^\\| ${number} \\| .`, 'm'));
  });

  it('explains every metadata key, with its default', () => {
    const metadata = sectionOf(configuration, '## Metadata');
    expect(rows(metadata)).toEqual(keysOf.own);
    const { containerName, execUser, hermesBin } = parseMetadata('', 'none');
    for (const [key, value] of Object.entries({
      container_name: containerName,
      exec_user: execUser,
      hermes_bin: hermesBin,
    }))
      expect(metadata).toContain(`| \`${key}\` | \`${value}\` |`);
    expect(metadata).toContain(pinFile);
  });

  it('shows metadata that is valid', () => {
    const [, example = ''] = /```text\n(# Written by[^`]+)```/.exec(configuration) ?? [];
    expect(parseMetadata(example, 'the example')).toEqual({
      ...parseMetadata('', 'none'),
      backend: 'docker',
    });
  });
});

const [own, ...commands] = await readCommands();

describe('docs/companion.md', () => {
  it.each(commands)('knows the command $name and all its options', ({ name, options, positionals }) => {
    const [row = ''] = sectionOf(companion, '## Commands')
      .split('\n')
      .filter((line) => line.startsWith(`| \`hermes-shim ${name}`));
    const everywhere = sectionOf(companion, '## Commands').split('\n\n').at(-1) ?? '';
    expect(row).not.toBe('');
    for (const { term } of options) {
      if (term === '--json') expect(everywhere).toContain('`--json`');
      else expect(row).toContain(term);
    }
    for (const { term } of positionals) expect([name, term]).toEqual(['completion', 'shell']);
  });

  it("knows hermes-shim's own options, and no command that there is not", () => {
    expect(own?.options.length).toBeGreaterThan(0);
    expect(commands.length).toBeGreaterThan(5);
    for (const { term } of own?.options ?? [])
      for (const option of term.split(', ')) expect(companion).toContain(`\`${option}\``);
    const described = [...sectionOf(companion, '## Commands').matchAll(/^\| `hermes-shim (\w+)/gm)];
    expect(described.map((match) => match[1])).toEqual(commands.map(({ name }) => name));
  });

  it('knows every key of --json', () => {
    const running = {
      pid: 1,
      start: '1',
      sessionId: 'x',
      ageSeconds: 1,
      args: [],
      terminal: false,
      owner: { state: 'gone', pid: 1 },
    } as unknown as Parameters<typeof runningJson>[0];
    const failure = failureJson(new Failure(125, 'a sentence', [{ label: 'do', text: 'this' }]));
    const keys = [
      ...readdirSync(`${root}src/companion`).flatMap((name) => jsonKeys(read(`src/companion/${name}`))),
      ...Object.keys(runningJson(running, new Map())),
      ...Object.keys(well('path', 'it is')),
      ...Object.keys(failure),
      ...failure.fixes.flatMap((fix) => Object.keys(fix)),
    ];
    expect(keys.length).toBeGreaterThan(40);
    const section = sectionOf(companion, '## Answers for programs: `--json`');
    const described = [...section.matchAll(/[`"](\w+)[`"]/g)].map((match) => match[1]);
    expect(keys.filter((key) => !described.includes(key))).toEqual([]);
  });

  it("shows doctor's checks in their order, all of them", () => {
    const [healthy = '', broken = ''] = sectionOf(companion, '## Finding what is wrong').split(
      'On a broken one',
    );
    const shown = (text: string) =>
      [...text.matchAll(/^[✓!✗-] (\S+(?: \S+)?) {2,}/gm)].map((match) => match[1]);
    expect(shown(healthy)).toEqual(checkNames);
    expect(shown(broken)).toEqual(checkNames);
  });
});

describe('the documents', () => {
  it.each(pages)('%s says at first for whom it is', (page) => {
    expect(read(page)).toMatch(/^# .+\n\nFor who(m)?ever .+/);
  });

  it.each(documents)('%s has no link that leads nowhere', (document) => {
    const faults = relativeLinks(read(document)).map((href) => faultOf(href, `${root}${document}`));
    expect(faults.filter(Boolean)).toEqual([]);
  });

  it.each(documents)('%s is written in words of the field', (document) => {
    const prose: string[] = [];
    marked.walkTokens(marked.lexer(read(document)), (token) => {
      if (token.type === 'text') prose.push(token.text);
    });
    const own = /\b(doorman|messenger|errand|usher|quest|homeward|inward|leash|aftermath|survivor)s?\b/i;
    expect(prose.filter((text) => own.test(text))).toEqual([]);
  });

  it('name only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...everything.matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('name only files that are there', () => {
    const named = [...everything.matchAll(/`((?:src|bin|test|scripts|docs|nix|\.ci)\/[\w./-]*)`/g)];
    expect(named.length).toBeGreaterThan(30);
    for (const [, file = ''] of named) expect([file, existsSync(root + file)]).toEqual([file, true]);
  });
});
