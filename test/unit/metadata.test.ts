import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/report/fact.ts';
import { Failure, runOnHost } from '../../src/report/failure.ts';
import { listen } from '../../src/report/trace.ts';
import { parseMetadata } from '../../src/route/metadata.ts';
import { readOwnPin } from '../../src/route/own-pin.ts';

const file = '/var/lib/hermes/.hermes/.container-mode';
const parse = (text: string, kind?: 'pin') => parseMetadata(text, file, kind);

function failureOf(text: string, kind?: 'pin'): Failure {
  try {
    parse(text, kind);
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error(`accepted: ${JSON.stringify(text)}`);
}

const asTheModuleWritesIt = `# Written by NixOS activation script. Do not edit manually.
backend=docker
container_name=hermes-agent
exec_user=hermes
hermes_bin=/data/current-package/bin/hermes
`;

const expected = {
  backend: 'docker',
  containerName: 'hermes-agent',
  execUser: 'hermes',
  hermesBin: '/data/current-package/bin/hermes',
  hermesHome: undefined,
};

describe('metadata', () => {
  it('is read as the NixOS module writes it', () => {
    expect(parse(asTheModuleWritesIt)).toEqual(expected);
  });

  it.each([
    ['indented, as a heredoc can leave it', asTheModuleWritesIt.replace(/^/gm, '    \t')],
    ['with CRLF', asTheModuleWritesIt.replaceAll('\n', '\r\n')],
    ['with a BOM', `\ufeff${asTheModuleWritesIt}`],
    ['without a newline at the end', asTheModuleWritesIt.trimEnd()],
    ['with blanks around both halves', asTheModuleWritesIt.replaceAll('=', '  =\t ')],
    ['with a line that is nearly a key, without =', `backendx\nbackend\n${asTheModuleWritesIt}backendx`],
    ['with a line that is a = alone', `=\n=podman\n${asTheModuleWritesIt}=`],
    ['with unknown keys and lines without =', `colour=blue\nhello\n\n${asTheModuleWritesIt}backends=x\n`],
    ['with keys commented out', `#backend=podman\n  # exec_user=root\n${asTheModuleWritesIt}#backend=bash\n`],
    ['with a later key that wins', `backend=bash\nexec_user=-u0\n${asTheModuleWritesIt}`],
    ['with a key that the pin alone knows', `${asTheModuleWritesIt}hermes_home=not/a/path\n`],
  ])('is read %s', (_, text) => {
    expect(parse(text)).toEqual(expected);
  });

  it('has a default for every key; without backend the engine is detected', () => {
    expect(parse('')).toEqual({ ...expected, backend: undefined });
  });

  it('splits at the first =', () => {
    expect(parse('hermes_bin=/opt/a=b/hermes').hermesBin).toBe('/opt/a=b/hermes');
  });

  it.each([
    'backend=bash',
    'backend=/tmp/x',
    'backend=Docker',
    'backend=',
    'backend=docker podman',
    'container_name=--privileged',
    'container_name=a b',
    'container_name=',
    'container_name=.hidden',
    'container_name=a/b',
    'container_name=a;reboot',
    'container_name=$(id)',
    'container_name=ü',
    `container_name=${'a'.repeat(256)}`,
    'exec_user=-u0',
    'exec_user=',
    'exec_user=:0',
    'exec_user=hermes:',
    'exec_user=a:b:c',
    'exec_user=her mes',
    'exec_user=hermes:-g0',
    'hermes_bin=bin/hermes',
    'hermes_bin=hermes',
    'hermes_bin=',
    'hermes_bin=/',
    'hermes_bin=/data/../../bin/sh',
    'hermes_bin=/data/./hermes',
    'hermes_bin=/data//hermes',
    'hermes_bin=/data/hermes/',
    'hermes_bin=/data/a\u001b[2Jb',
    'hermes_bin=/data/a\rb',
    'hermes_bin=/data/\u009b31mhermes',
    'hermes_bin=/data/\u202ehermes',
    'hermes_bin=/data/\ufffdhermes',
    'hermes_bin=~/hermes',
  ])('refuses %j, with file, line, key, value and what is accepted', (line) => {
    const failure = failureOf(`# a comment\n${line}\n`);
    const key = line.slice(0, line.indexOf('='));
    expect(failure.exitCode).toBe(125);
    expect(failure.sentence).toContain(`${file}, line 2: ${key} is '`);
    expect(failure.sentence).toContain("', accepted is ");
    expect(failure.sentence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(failure.hints.map(({ text }) => text)).toContain(`cat -v ${file}`);
  });

  it.each([
    ['backend', 'is accepted "docker" or "podman"'],
    [
      'container_name',
      'is accepted a letter or digit, then letters, digits, "_", "." and "-", 255 characters at most',
    ],
    ['exec_user', 'is accepted a user or user:group, as names or numbers, not starting with "-"'],
    ['hermes_bin', 'is accepted an absolute path without ".", "..", "//" or control characters'],
  ])('of %s says what %s', (key, accepted) => {
    const failure = failureOf(`${key}=-!\n`);
    expect(failure.sentence).toBe(
      `${file}, line 1: ${key} is '-!', accepted is ${accepted.slice('is accepted '.length)}`,
    );
    expect(failure.hints).toEqual([
      { label: 'look', text: `cat -v ${file}` },
      { label: 'on NixOS, write it anew', text: 'sudo nixos-rebuild switch' },
      runOnHost,
    ]);
  });

  it('draws the line where its rules say', () => {
    const path = (length: number) => `/${'a'.repeat(length - 1)}`;
    expect(parse(`hermes_bin=${path(4096)}`).hermesBin).toBe(path(4096));
    expect(failureOf(`hermes_bin=${path(4097)}`).sentence).toContain('hermes_bin is');
    const user = (length: number) => 'u'.repeat(length);
    expect(parse(`exec_user=${user(255)}`).execUser).toBe(user(255));
    expect(failureOf(`exec_user=${user(256)}`).sentence).toContain('exec_user is');
  });

  it('tells doctor and explain which line each value came from, and nothing of what is not there', () => {
    const facts: Fact[] = [];
    listen((fact) => void facts.push(fact));
    try {
      parse('# first\nbackend=docker\nexec_user=a\nexec_user=b\n');
    } finally {
      listen(undefined);
    }
    expect(facts).toEqual([
      { about: 'metadata', key: 'backend', value: 'docker', line: 2 },
      { about: 'metadata', key: 'exec_user', value: 'b', line: 4 },
    ]);
  });

  it.each([
    ['exec_user=1000'],
    ['exec_user=1000:100'],
    ['exec_user=hermes:hermes'],
    ['exec_user=svc-hermes.x'],
    ['exec_user=machine$'],
    ['container_name=0'],
    [`container_name=${'a'.repeat(255)}`],
    ['container_name=A.b_c-d'],
    ['hermes_bin=/data/.hermes/profiles/coder/.container-launcher'],
    ['hermes_bin=/opt/ein Pfad/hérmes'],
    ['backend=podman'],
  ])('accepts %s', (line) => {
    const split = line.indexOf('=');
    expect(Object.values(parse(line))).toContain(line.slice(split + 1));
  });

  it('refuses a file with NUL bytes, whatever else it says', () => {
    expect(failureOf(`${asTheModuleWritesIt}\0`).sentence).toMatch(/not a text file/);
  });

  it('of a pin names the home it speaks for, checked like any path', () => {
    expect(parse(`${asTheModuleWritesIt}hermes_home=/var/lib/hermes/.hermes\n`, 'pin').hermesHome).toBe(
      '/var/lib/hermes/.hermes',
    );
    expect(failureOf('hermes_home=../.hermes', 'pin').sentence).toContain("hermes_home is '../.hermes'");
  });

  it('never fails otherwise than with a sentence, and never lets through what its rules forbid', () => {
    const key = fc.constantFrom(
      'backend',
      'container_name',
      'exec_user',
      'hermes_bin',
      'hermes_home',
      '#',
      '',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('docker', 'podman', 'hermes', '/bin/x', '-x', '..'),
    );
    const line = fc.oneof(
      fc.tuple(key, value).map(([name, text]) => `${name}=${text}`),
      fc.string({ unit: 'binary' }),
    );
    const anything = fc.array(line).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(anything, (text) => {
        let read: ReturnType<typeof parse>;
        try {
          read = parse(text, 'pin');
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          expect((error as Failure).sentence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          return;
        }
        expect(['docker', 'podman', undefined]).toContain(read.backend);
        for (const word of [read.containerName, read.execUser]) expect(word).toMatch(/^[A-Za-z0-9_]\S*$/);
        expect(read.hermesBin).toMatch(/^\/[^\0-\x1f]/);
        expect(read.hermesBin.split('/').slice(1)).not.toContain('..');
      }),
      { numRuns: 500 },
    );
  });
});

describe("compose's names and a user's own pin", () => {
  it('count where both of compose are there, and hold nothing but a name', () => {
    const both = `${asTheModuleWritesIt}compose_project=agent\ncompose_service=gateway\n`;
    expect(parse(both).service).toEqual({ project: 'agent', name: 'gateway' });
    for (const one of ['compose_project=agent', 'compose_service=gateway'])
      expect(parse(`${asTheModuleWritesIt}${one}\n`).service).toBeUndefined();
    for (const odd of ['-f', 'a b', '$(id)', '../x', 'a;b', '', 'a\u202eb'])
      expect(failureOf(`${asTheModuleWritesIt}compose_service=${odd}\n`).sentence).toContain(
        'compose_service',
      );
  });

  it('a volume is a key of the own pin alone, and never one that nobody has named', () => {
    const own = `${asTheModuleWritesIt}hermes_home=/opt/data\nvolume=hermes-home\n`;
    expect(parseMetadata(own, file, 'own')).toMatchObject({ volume: 'hermes-home', hermesHome: '/opt/data' });
    expect(parse(own)).toMatchObject({ volume: undefined, hermesHome: undefined });
    expect(parse(own, 'pin')).toMatchObject({ volume: undefined, hermesHome: '/opt/data' });
    const called = (volume: string) => parseMetadata(own.replace('=hermes-home', `=${volume}`), file, 'own');
    for (const odd of ['f'.repeat(64), '/srv/home', '.', '-v', 'a:b'])
      expect(() => called(odd)).toThrow(
        /volume is .*, accepted is the name of a volume: a letter or digit, /,
      );
    // what only looks like the engine's own name is somebody's
    for (const name of ['f'.repeat(63), 'f'.repeat(65), `x${'f'.repeat(64)}`, `${'f'.repeat(64)}x`])
      expect(called(name).volume).toBe(name);
  });
});

describe("a user's own pin", () => {
  const config = () => mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
  const uid = process.getuid?.() ?? 0;
  const text = `${asTheModuleWritesIt}hermes_home=/opt/data\nvolume=hermes-home\n`;
  const read = (directory: string) => readOwnPin({ XDG_CONFIG_HOME: directory }, uid);

  it('is none where its directory is none, or below what is no directory (HOME=/dev/null)', () => {
    const directory = config();
    expect(read(directory)).toBeUndefined();
    expect(read('/dev/null/.config')).toBeUndefined();
    writeFileSync(join(directory, 'hermes-shim'), '');
    expect(read(directory)).toBeUndefined();
  });

  it('is none behind a link to a directory with other files, and does not count behind one', () => {
    const directory = config();
    mkdirSync(join(directory, 'dotfiles'), { mode: 0o700 });
    symlinkSync('dotfiles', join(directory, 'hermes-shim'));
    expect(read(directory)).toBeUndefined();
    writeFileSync(join(directory, 'dotfiles/container-mode'), text, { mode: 0o600 });
    expect(() => read(directory)).toThrow(/hermes-shim is a link$/);
    rmSync(join(directory, 'hermes-shim'));
    renameSync(join(directory, 'dotfiles'), join(directory, 'hermes-shim'));
    expect(read(directory)?.volume).toEqual({ name: 'hermes-home', home: '/opt/data' });
  });

  it('in a directory that others can write is told with what closes it: to write it anew would change nothing', () => {
    const own = join(config(), 'hermes-shim');
    mkdirSync(own);
    writeFileSync(join(own, 'container-mode'), text, { mode: 0o600 });
    chmodSync(own, 0o775);
    expect(() => read(dirname(own))).toThrow(
      expect.objectContaining({
        sentence: `${own} can be written by others`,
        hints: expect.arrayContaining([{ label: 'close it', text: `chmod go-w ${own}` }]),
      }),
    );
    chmodSync(own, 0o755);
    expect(read(dirname(own))?.volume.name).toBe('hermes-home');
  });
});
