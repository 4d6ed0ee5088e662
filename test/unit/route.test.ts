import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Caller, ignoredSignals, readCaller, restoreEnvironment } from '../../src/route/caller.ts';
import { isFresh, isHalfWritten } from '../../src/route/half-written.ts';
import { toHomePath } from '../../src/route/home.ts';
import { isInside } from '../../src/route/inside.ts';
import { commandInContainer, toName } from '../../src/route/name.ts';
import { findNative, launcherChain, nativeCandidates } from '../../src/route/native.ts';
import { isTrustworthy } from '../../src/route/pin.ts';
import { absoluteEntries, fileIn, helpersPath } from '../../src/route/search-path.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')));
afterAll(() => rmSync(scratch, { recursive: true }));

const callerWith = (facts: Partial<Caller>): Caller => ({
  name: 'hermes',
  args: [],
  env: {},
  ignored: [],
  launcher: undefined,
  uid: 1000,
  stat: '',
  noted: { open: undefined, terminals: undefined },
  ...facts,
});

describe('inside the managed container', () => {
  it.each([
    [{ HERMES_MANAGED: 'true' }, true, true],
    [{ HERMES_MANAGED: 'nixos' }, true, true],
    [{ HERMES_MANAGED: 'home-manager' }, true, true],
    [{ HERMES_MANAGED: 'nixos' }, false, false],
    [{ HERMES_SHIM_SESSION: '1-2-x' }, true, true],
    [{ HERMES_MANAGED: 'true' }, false, false],
    [{ HERMES_SHIM_SESSION: '1-2-x' }, false, false],
    [{}, true, false],
    [{ HERMES_MANAGED: 'false', HERMES_SHIM_SESSION: '' }, true, false],
    [{ HERMES_MANAGED: '1' }, true, false],
  ])('takes both environment and marker: %j with marker %s is %s', (env, marker, inside) => {
    expect(isInside(env, () => marker)).toBe(inside);
  });

  it('docker’s marker is one, and podman’s, and no other file', () => {
    const env = { HERMES_MANAGED: 'true' };
    for (const marker of ['/.dockerenv', '/run/.containerenv'])
      expect([marker, isInside(env, (file) => file === marker)]).toEqual([marker, true]);
    const other = (file: string) => !['/.dockerenv', '/run/.containerenv'].includes(file);
    expect(isInside(env, other)).toBe(false);
  });

  it('is nothing that a call looks for whose environment does not say so', () => {
    const looked: string[] = [];
    const look = (file: string) => looked.push(file) > 0;
    for (const env of [{}, { HERMES_MANAGED: '' }, { HERMES_MANAGED: 'by hermes-shim' }])
      expect(isInside(env, look)).toBe(false);
    expect(looked).toEqual([]);
  });

  it('is looked for on this very machine, unless one says otherwise', () => {
    const marked = ['/.dockerenv', '/run/.containerenv'].some((file) => existsSync(file));
    expect(isInside({ HERMES_MANAGED: 'true' })).toBe(marked);
  });
});

describe('the three names', () => {
  it.each([
    ['hermes', 'hermes'],
    ['hermes-agent', 'hermes-agent'],
    ['hermes-acp', 'hermes-acp'],
    ['h', 'hermes'],
    ['', 'hermes'],
  ])('%j is %s', (word, name) => {
    expect(toName(word)).toBe(name);
  });

  it('hermes is hermes_bin, hermes-agent lies beside it, hermes-acp is hermes acp', () => {
    const of = (name: 'hermes' | 'hermes-agent' | 'hermes-acp') =>
      commandInContainer(name, '/data/bin/hermes', ['--help']);
    expect(of('hermes')).toEqual({ bin: '/data/bin/hermes', args: ['--help'] });
    expect(of('hermes-agent')).toEqual({ bin: '/data/bin/hermes-agent', args: ['--help'] });
    expect(of('hermes-acp')).toEqual({ bin: '/data/bin/hermes', args: ['acp', '--help'] });
  });
});

describe('a home', () => {
  it.each([
    ['/home/a/.hermes', '/home/a/.hermes', undefined],
    ['/home/a/.hermes/', '/home/a/.hermes', undefined],
    ['/home/a/.hermes/profiles/coder', '/home/a/.hermes', 'coder'],
    ['/home/a/.hermes/profiles/coder/', '/home/a/.hermes', 'coder'],
    ['/home/a/.hermes/./profiles//coder', '/home/a/.hermes', 'coder'],
    ['/home/a/.hermes/profiles', '/home/a/.hermes/profiles', undefined],
    ['/profiles/coder', '/', 'coder'],
    ['/a/profiles/b/profiles/c', '/a/profiles/b', 'c'],
  ])('%s has the root %s and the profile %s', (given, root, profile) => {
    expect(toHomePath(given)).toMatchObject({ root, profile });
  });

  it('given as a relative path counts from the current directory', () => {
    expect(toHomePath('x/.hermes').path).toBe(join(process.cwd(), 'x/.hermes'));
  });
});

describe('metadata that is being written', () => {
  it.each([
    ['', false],
    [' \n', false],
    ['backend=doc', false],
    ['backend=docker\ncontainer_n', false],
    ['backend=docker\n', true],
    ['# nothing\n', false],
  ])('%j is whole: %s', (text, whole) => {
    expect(isHalfWritten({ file: '', text, changedMs: 1000 }, 1500)).toBe(!whole);
    expect(isHalfWritten({ file: '', text, changedMs: 1000 }, 3500)).toBe(false);
  });

  it('counts as fresh for two seconds, and not when its time is in the future', () => {
    expect([0, 1999, 2000, 2001, -1999, -2001].map((age) => isFresh(100_000 - age, 100_000))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe('a pin', () => {
  it.each([
    [{ uid: 0, mode: 0o100644 }, true],
    [{ uid: 0, mode: 0o100444 }, true],
    [{ uid: 0, mode: 0o100664 }, false],
    [{ uid: 0, mode: 0o100646 }, false],
    [{ uid: 1000, mode: 0o100644 }, false],
  ])('with %j is to be trusted: %s', (ownership, trusted) => {
    expect(isTrustworthy(ownership)).toBe(trusted);
  });
});

describe('a PATH', () => {
  it('counts by its absolute entries alone, whatever lies between them', () => {
    for (const path of [undefined, '', ':', '.', 'bin:./bin', '~/bin', ' /bin', '\t/bin'])
      expect(absoluteEntries(path)).toEqual([]);
    expect(absoluteEntries(':/a:.:/b c:::bin:/:/a:')).toEqual(['/a', '/b c', '/', '/a']);
  });

  it('names files as exec does: nothing is normalized away', () => {
    expect(['/a', '/a/', '/link/../b', '/'].map((entry) => fileIn(entry, 'sudo'))).toEqual([
      '/a/sudo',
      '/a/sudo',
      '/link/../b/sudo',
      '/sudo',
    ]);
  });

  it('for our helpers never holds the current directory, and always the system’s own places', () => {
    const own = '/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    expect(['', ':', '.:bin', undefined].map((PATH) => helpersPath({ PATH }))).toEqual(
      Array.from({ length: 4 }, () => own),
    );
    expect(helpersPath({ PATH: ':/a:/b' })).toBe(`/a:/b:${own}`);
  });
});

describe('a native hermes', () => {
  it('is looked for in the virtual environment (developers only), the Nix directory, then on PATH', () => {
    const env = { VIRTUAL_ENV: '/venv', HERMES_NATIVE_DIR: '/native', PATH: '/a:/b:/a' };
    expect(nativeCandidates('hermes', { ...env, HERMES_DEV: '1' })).toEqual([
      '/venv/bin/hermes',
      '/native/hermes',
      '/a/hermes',
      '/b/hermes',
    ]);
    expect(nativeCandidates('hermes-acp', env)).toEqual([
      '/native/hermes-acp',
      '/a/hermes-acp',
      '/b/hermes-acp',
    ]);
    expect(nativeCandidates('hermes', { ...env, HERMES_DEV: 'true' })).not.toContain('/venv/bin/hermes');
  });

  it('is never looked for in a relative directory, which is whatever the current one happens to hold', () => {
    const env = { HERMES_DEV: '1', VIRTUAL_ENV: 'venv', HERMES_NATIVE_DIR: '.', PATH: '.::bin:/a:' };
    expect(nativeCandidates('hermes', env)).toEqual(['/a/hermes']);
    expect(nativeCandidates('hermes', {})).toEqual([]);
  });

  function program(...parts: string[]): string {
    const file = join(scratch, ...parts);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
    return file;
  }

  it('is the next on PATH that is no copy of this shim, through links too', () => {
    const [first, second, real] = [program('one/hermes'), program('two/hermes'), program('real/hermes')];
    mkdirSync(join(scratch, 'links'));
    symlinkSync(first, join(scratch, 'links/hermes'));
    const PATH = ['links', 'one', 'two', 'real'].map((dir) => join(scratch, dir)).join(':');
    const one = findNative(callerWith({ launcher: join(scratch, 'links/hermes'), env: { PATH } }));
    expect(one).toMatchObject({ binary: second, env: { HERMES_SHIM_CHAIN: first } });
    const two = findNative(callerWith({ launcher: second, env: one.env }));
    expect(two).toMatchObject({ binary: real, env: { HERMES_SHIM_CHAIN: `${first}:${second}` } });
  });

  it('must be an executable file', () => {
    mkdirSync(join(scratch, 'directory/hermes'), { recursive: true });
    chmodSync(program('plain/hermes'), 0o644);
    const PATH = ['directory', 'plain', 'absent'].map((dir) => join(scratch, dir)).join(':');
    expect(() => findNative(callerWith({ env: { PATH } }))).toThrowError(
      expect.objectContaining({
        exitCode: 127,
        sentence: `there is no other hermes on this host (looked at: ${PATH.split(':')
          .map((dir) => `${dir}/hermes`)
          .join(', ')})`,
      }),
    );
    expect(() => findNative(callerWith({}))).toThrowError(/nowhere: PATH is empty/);
  });

  it('that calls the shim again and again is a circle, and is told so', () => {
    const env = { HERMES_SHIM_CHAIN: '/x/hermes:'.repeat(33), PATH: '/usr/bin' };
    expect(launcherChain(callerWith({ env }))).toHaveLength(33);
    expect(() => findNative(callerWith({ env }))).toThrowError(
      expect.objectContaining({
        exitCode: 125,
        sentence: expect.stringContaining('calls itself in a circle'),
      }),
    );
  });
});

/** A `/proc/42/stat` of a process that ignores these signals (field 33). */
const statLine = (ignored: string, name = 'hermes') => `42 (${name}) R ${'0 '.repeat(29)}${ignored} 0 0`;

describe('the caller', () => {
  it('gets back what the launcher set aside, without the launcher’s notes', () => {
    expect(
      restoreEnvironment({
        HERMES_SHIM_LAUNCHER: '/bin/hermes',
        HERMES_SHIM_STAT: '1',
        HERMES_SHIM_OPEN: ' 0',
        HERMES_SHIM_TERMINALS: '',
        HERMES_SHIM_SET_ASIDE_NODE_OPTIONS: '--inspect',
        HERMES_SHIM_WAIT: '3',
        PATH: '/bin',
      }),
    ).toEqual({ NODE_OPTIONS: '--inspect', HERMES_SHIM_WAIT: '3', PATH: '/bin' });
  });

  it.each([
    ['1', ['SIGHUP']],
    ['7', ['SIGHUP', 'SIGINT', 'SIGQUIT']],
    ['16781318', ['SIGINT', 'SIGQUIT']],
    ['2147483647', ['SIGHUP', 'SIGINT', 'SIGQUIT']],
    ['0', []],
    ['', []],
    ['rubbish', []],
  ])('ignores signals by the mask %s: %j', (mask, signals) => {
    expect(ignoredSignals(statLine(mask))).toEqual(signals);
    expect(ignoredSignals('')).toEqual([]);
  });

  it('is what the launcher noted of this very process, whatever the program is called', () => {
    const at = (stat: string) => readCaller([], { HERMES_SHIM_STAT: stat }, { uid: 7, pid: 42 }).stat;
    expect(at(statLine('2'))).toBe(statLine('2'));
    expect(ignoredSignals(at(statLine('2', 'a) R (1 2')))).toEqual(['SIGINT']);
    // in a pid namespace of its own, under the /proc of the one around it
    const outer = statLine('2').replace('42', String(process.pid));
    expect(at(outer)).toBe(outer);
    // another's: inherited from a process above, which is not this one
    expect(at(statLine('2').replace('42', '43'))).toMatch(new RegExp(`^${process.pid} \\(`));
  });

  it('is known by node’s own arguments and environment', () => {
    const env = {
      HERMES_SHIM_LAUNCHER: '/bin/hermes-acp',
      HERMES_SHIM_STAT: statLine('2'),
      HERMES_SHIM_OPEN: ' 0 1 2',
      HERMES_SHIM_TERMINALS: '',
    };
    expect(readCaller(['node', 'bundle', 'hermes-acp', '--', '-x'], env, { uid: 7, pid: 42 })).toEqual({
      name: 'hermes-acp',
      args: ['--', '-x'],
      env: {},
      ignored: ['SIGINT'],
      launcher: '/bin/hermes-acp',
      uid: 7,
      stat: statLine('2'),
      noted: { open: ' 0 1 2', terminals: '' },
    });
  });
});
