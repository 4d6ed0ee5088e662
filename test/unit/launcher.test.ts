import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBy, shells } from './shells.ts';

let dir = '';

/** As the launcher names it. */
const bundleOf = (name: string): string => `${dir}/bin/../dist/${name}.cjs`;

/** What node is started with. */
const options = ['--random-seed=10331', '--v8-pool-size=1', '--preserve-symlinks-main'];

/** Behind the last of node's words. */
const border = '--environment--';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
  for (const name of ['bin', 'elsewhere', 'node']) mkdirSync(join(dir, name));
  copyFileSync(fileURLToPath(new URL('../../bin/hermes', import.meta.url)), join(dir, 'bin/hermes'));
  symlinkSync('hermes', join(dir, 'bin/hermes-shim'));
  symlinkSync('../bin/hermes', join(dir, 'elsewhere/hermes-agent'));
  symlinkSync('hermes', join(dir, 'bin/hermes-agent'));
  mkdirSync(join(dir, 'far'));
  symlinkSync('../bin', join(dir, 'far/linked'));
  symlinkSync('far/linked', join(dir, 'linked'));
  // stands for node: says its words and its environment
  const node = `#!/bin/sh\nprintf '%s\\0' "$@" ${border}\nexec env -0\n`;
  writeFileSync(join(dir, 'node/node'), node, { mode: 0o755 });
});

afterAll(() => rmSync(dir, { recursive: true }));

describe.each(shells)('the launcher, run by $name', (shell) => {
  /** What node gets when the launcher is called by this path. */
  function launch(path: string, args: readonly string[], env: Record<string, string> = {}) {
    const PATH = `${join(dir, 'node')}:/usr/bin:/bin`;
    const said = runBy(shell, [join(dir, path), ...args], { env: { PATH, ...env } }).toString();
    const [words = '', variables = ''] = said.split(`\0${border}\0`);
    const pairs = variables
      .split('\0')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
    return { words: words.split('\0'), env: Object.fromEntries(pairs) as Record<string, string | undefined> };
  }

  it('becomes node on the bundle, by the name it was called and with every argument', () => {
    const odd = ['', 'two words', "'", '"$(id)"', '*', '-n', 'two\nlines'];
    const { words } = launch('bin/hermes', ['chat', ...odd]);
    expect(words).toEqual([...options, bundleOf('hermes'), 'hermes', 'chat', ...odd]);
    expect(launch('bin/hermes-shim', ['doctor']).words.slice(options.length)).toEqual([
      ...[bundleOf('hermes-shim'), 'hermes-shim', 'doctor'],
    ]);
  });

  it('finds the bundle through a link, and keeps the name of the link', () => {
    const { words, env } = launch('elsewhere/hermes-agent', ['x']);
    expect(words.slice(options.length)).toEqual([bundleOf('hermes'), 'hermes-agent', 'x']);
    expect(env.HERMES_SHIM_LAUNCHER).toBe(join(dir, 'bin/hermes'));
  });

  it.each(['linked/hermes', 'linked//hermes', 'linked/hermes-agent'])(
    'finds the bundle where its directory is a link, which node takes by name: %s',
    (path) => {
      const { words, env } = launch(path, ['x']);
      const name = path.endsWith('agent') ? 'hermes-agent' : 'hermes';
      expect(words.slice(options.length)).toEqual([bundleOf('hermes'), name, 'x']);
      expect(env.HERMES_SHIM_LAUNCHER).toBe(join(dir, 'bin/hermes'));
    },
  );

  it('sets aside what node would obey, and notes what node would lose', () => {
    const { env } = launch('bin/hermes', [], { NODE_OPTIONS: '--inspect', LANG: 'de', KEPT: ' a  b ' });
    expect(env).toMatchObject({
      HERMES_SHIM_SET_ASIDE_NODE_OPTIONS: '--inspect',
      HERMES_SHIM_SET_ASIDE_LANG: 'de',
      KEPT: ' a  b ',
      HERMES_SHIM_TERMINALS: '',
    });
    expect(env).not.toHaveProperty('NODE_OPTIONS');
    expect(env.HERMES_SHIM_OPEN?.trim().split(' ').slice(0, 3)).toEqual(['0', '1', '2']);
    expect(env.HERMES_SHIM_STAT).toMatch(/^[0-9]+ \(/);
  });
});
