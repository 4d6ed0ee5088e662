import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/report/failure.ts';
import { parseMetadata } from '../../src/route/metadata.ts';
import { pinFile } from '../../src/route/pin.ts';
import { pickForwarded } from '../../src/session/environment.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const readme = read('README.md');
const contributing = read('CONTRIBUTING.md');

/** The text below one of the README's headings of the second rank. */
function section(heading: string): string {
  const [, after] = readme.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`the README has no heading "${heading}"`);
  return after.split('\n## ')[0] ?? '';
}

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
  it.each(variables)('knows the variable %s, or CONTRIBUTING lists it as internal', (name) => {
    const internal = contributing.split('\n## Internal variables\n')[1]?.split('\n## ')[0] ?? '';
    expect(readme + internal).toContain(`\`${name}\``);
  });

  it('describes no variable that the code does not know', () => {
    const described = rows(section('## Environment variables'));
    expect(described.length).toBeGreaterThan(10);
    for (const name of described) expect(code).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('lists exactly what is handed to hermes without being asked', () => {
    const [, after = ''] = readme.split('without being asked:\n');
    const [list = '', withheld = ''] = after.split('Never handed over:');
    const names = (text: string) => [...text.matchAll(/`([A-Z_]+\*?)`/g)].map((match) => match[1] ?? '');
    const samples = names(list).map((name) => name.replace('*', 'ANY'));
    const env = Object.fromEntries(samples.map((name) => [name, 'value']));
    expect(pickForwarded(env).plain.map(([name]) => name)).toEqual(samples);
    // And the other way round: every name of the code's own list is in the README's.
    const source = /const forwarded = \[([^\]]+)\]/.exec(read('src/session/environment.ts'))?.[1] ?? '';
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
    expect(section('## Exit codes')).toMatch(new RegExp(`^\\| ${number} \\| .`, 'm'));
  });

  it('explains every metadata key, with its default', () => {
    const keys = [
      ...(/pin: \[([^\]]+)\]/.exec(read('src/route/metadata.ts'))?.[1]?.matchAll(/'(\w+)'/g) ?? []),
    ];
    const metadata = section('## Metadata');
    expect(rows(metadata)).toEqual(keys.map((match) => match[1]));
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
    const [, example = ''] = /```text\n(# Written by[^`]+)```/.exec(readme) ?? [];
    expect(parseMetadata(example, 'the example')).toEqual({
      ...parseMetadata('', 'none'),
      backend: 'docker',
    });
  });
});

describe('the documents', () => {
  it('name only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, name = ''] of (readme + contributing).matchAll(/npm run ([a-z][a-z:-]*)/g)) {
      expect(Object.keys(scripts)).toContain(name);
    }
  });

  it('name only files that are there', () => {
    const named = [...(readme + contributing).matchAll(/`((?:src|bin|test|scripts|\.ci)\/[\w./-]*)`/g)];
    expect(named.length).toBeGreaterThan(30);
    for (const [, file = ''] of named) expect([file, existsSync(root + file)]).toEqual([file, true]);
  });
});
