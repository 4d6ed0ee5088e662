import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** In the order in which a call walks through them; what stands in front may be used by all that follow. */
const rooms = ['start', 'system', 'report', 'route', 'engine', 'session', 'managed', 'companion', '.'];

const sources = readdirSync(join(checkout, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|sh)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(checkout, 'src', file), 'utf8') }));

/** What a file of src imports of src. */
const importsOf = ({ file, text }: (typeof sources)[number]): readonly string[] =>
  [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '.');

/** All that a program of scripts/, which tsx runs as it is, imports by its first line or through others. */
function closureOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(checkout, file), 'utf8');
  for (const [, path = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gms))
    closureOf(normalize(join(dirname(file), path)), seen);
  return seen;
}

describe('the house', () => {
  it('gives scripts nothing that only the bundle can read: programs of sh', () => {
    const programs = readdirSync(join(checkout, 'scripts')).filter((name) => name.endsWith('.ts'));
    const read = programs.flatMap((program) => [...closureOf(`scripts/${program}`)]);
    expect(read).toContain('src/engine/explain-cause.ts');
    expect(read.filter((file) => file.endsWith('.sh'))).toEqual([]);
  });

  it('has no room that needs a later one', () => {
    const place = (file: string): number => rooms.indexOf(roomOf(file));
    const imports = sources.flatMap((source) => importsOf(source).map((imported) => [source.file, imported]));
    expect(imports).toContainEqual(['engine/probe-cause.ts', 'report/shortage.ts']);
    expect(imports.filter(([here = '', there = '']) => place(there) > place(here))).toEqual([]);
    expect(sources.map(({ file }) => file).filter((file) => place(file) < 0)).toEqual([]);
  });

  it('calls things by the names of the field', () => {
    const own =
      /(doorman|errand|usher|courier|leash|homeward|inward|roster|misuse|wishes|aftermath|messenger)/i;
    for (const { file, text } of sources) expect([file, own.exec(`${file}\n${text}`)]).toEqual([file, null]);
  });

  it('has no file above 200 lines', () => {
    for (const { file, text } of sources)
      expect([file, text.split('\n').length <= 201]).toEqual([file, true]);
  });
});
