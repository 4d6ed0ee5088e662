/** Whose code stands in the bundle, and on which terms. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noticesOf, packagesOf } from '../../scripts/notices.ts';

const root = () => mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));

/** A package that says this of itself. */
function packageAt(directory: string, manifest: Record<string, unknown>, files: Record<string, string> = {}) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ version: '1.2.3', ...manifest }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

it('a module is of the innermost package, and our own of none', () => {
  const modules = [
    '/x/src/hermes.ts',
    '/x/node_modules/zod/v4/index.js',
    '/x/node_modules/zod/index.js',
    '/x/node_modules/@scope/name/lib/a.js',
    '/x/node_modules/yargs/node_modules/y18n/index.js',
    '\0/x/node_modules/which/lib/index.js?commonjs',
  ];
  expect(packagesOf(modules)).toEqual([
    '/x/node_modules/@scope/name',
    '/x/node_modules/which',
    '/x/node_modules/yargs/node_modules/y18n',
    '/x/node_modules/zod',
  ]);
});

it('each package is named once, with the text of its terms', () => {
  const dir = root();
  const [b, a, again] = [
    packageAt(join(dir, 'b'), { name: 'b', license: 'ISC' }, { 'LICENSE.md': 'terms of b\n' }),
    packageAt(join(dir, 'a'), { name: 'a', license: 'MIT', author: { name: 'Ann' } }),
    packageAt(join(dir, 'c/a'), { name: 'a', license: 'MIT', author: 'Ann' }),
  ];
  const text = noticesOf([b, a, again]);
  expect(text.match(/^\S+ 1\.2\.3 \(\w+\)$/gm)).toEqual(['a 1.2.3 (MIT)', 'b 1.2.3 (ISC)']);
  expect(text).toContain('terms of b');
  expect(text).toContain('MIT, by Ann');
});

it('one that does not say on which terms is not handed on', () => {
  const directory = packageAt(join(root(), 'a'), { name: 'a' });
  expect(() => noticesOf([directory])).toThrow(/does not say on which terms/);
});
