import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realPathOf } from '../../../src/managed/apply/context.ts';
import { atPlace } from '../../../src/managed/apply/place.ts';
import { lookIn, survey } from '../../../src/managed/apply/survey.ts';
import { readFile, remove, sweep, writeFile, writeLink } from '../../../src/managed/write/beneath.ts';
import { inDirectory, withRoot } from '../../../src/managed/write/dir.ts';
import { Failure } from '../../../src/report/failure.ts';
import { swapper } from '../../harness/swapper.ts';

const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: 0o640 };
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'beneath-'));
  for (const name of ['state/.hermes', 'victim']) mkdirSync(join(dir, name), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('a path keeps its name when it is made, though a link leads to where it will be', () => {
  symlinkSync(join(dir, 'victim'), join(dir, 'link'));
  const path = join(dir, 'link/a/b');
  const before = realPathOf(path);
  mkdirSync(path, { recursive: true });
  expect([before, realPathOf(path)]).toEqual([join(dir, 'victim/a/b'), join(dir, 'victim/a/b')]);
});

it('a path over a link that leads nowhere keeps its name: nothing is made in a place that nobody named', () => {
  symlinkSync(join(dir, 'nowhere'), join(dir, 'link'));
  expect(realPathOf(join(dir, 'link/a'))).toBe(join(dir, 'link/a'));
  expect(realPathOf(join(dir, 'link'))).toBe(join(dir, 'link'));
});

it.each([
  ['nothing', () => undefined, { kind: 'nothing' }],
  ['a link', (at: string) => symlinkSync('/var/lib/hermes/.hermes', at), { kind: 'link' }],
  ['a directory', (at: string) => mkdirSync(at), { kind: 'directory' }],
  ['a file, whose content nobody reads', (at: string) => writeFileSync(at, 'x'), { kind: 'other' }],
])('somebody’s ~/.hermes may be %s', (_, make, found) => {
  make(join(dir, 'victim/.hermes'));
  const read = () => undefined;
  expect(withRoot(join(dir, 'victim'), (home) => lookIn(home, '.hermes', read))).toMatchObject(found);
});

it('a directory is let go of when work in it fails, too', () => {
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  const fail = () => {
    throw new Error('no');
  };
  expect(() => withRoot(dir, fail)).toThrow('no');
  expect(() => withRoot(dir, (root) => inDirectory(root, ['state', '.hermes'], fail))).toThrow('no');
  expect(open()).toBe(before);
});

describe('writing below the state directory', () => {
  it('replaces a file whole, with its mode, and leaves nothing half written', () => {
    writeFileSync(join(dir, 'state/.hermes/.env'), 'old', { mode: 0o666 });
    atPlace(`${dir}/state/.hermes/.env`, `${dir}/state`, (inner, name) => writeFile(inner, name, 'new', me));
    expect(readFileSync(join(dir, 'state/.hermes/.env'), 'utf8')).toBe('new');
    expect(statSync(join(dir, 'state/.hermes/.env')).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(dir, 'state/.hermes'))).toEqual(['.env']);
  });

  it('a link in the place of the file is replaced, what it leads to is not touched', () => {
    writeFileSync(join(dir, 'victim/passwd'), 'root');
    symlinkSync(join(dir, 'victim/passwd'), join(dir, 'state/.hermes/.env'));
    atPlace(`${dir}/state/.hermes/.env`, `${dir}/state`, (inner, name) => writeFile(inner, name, 'new', me));
    expect(readFileSync(join(dir, 'victim/passwd'), 'utf8')).toBe('root');
    expect(readFileSync(join(dir, 'state/.hermes/.env'), 'utf8')).toBe('new');
  });

  it('a link in the place of a directory is an error with a sentence', () => {
    rmSync(join(dir, 'state/.hermes'), { recursive: true });
    symlinkSync(join(dir, 'victim'), join(dir, 'state/.hermes'));
    const write = () =>
      atPlace(`${dir}/state/.hermes/.env`, `${dir}/state`, (inner, name) =>
        writeFile(inner, name, 'new', me),
      );
    expect(write).toThrow('links are not followed');
    expect(() => survey([`${dir}/state/.hermes/.env`], `${dir}/state`)).toThrow('links are not followed');
    for (const path of ['state/.hermes', 'state/.hermes/plugins'])
      expect(() => survey([`${dir}/${path}/x`], `${dir}/state`)).toThrow('links are not followed');
    expect(readdirSync(join(dir, 'victim'))).toEqual([]);
  });

  it('a name that the container chose is one word of the command to paste', () => {
    const name = "hermes-shim-x;cd ..;cd victim;touch evil;'\u001b[2J";
    mkdirSync(join(dir, 'state', name));
    let failure: unknown;
    try {
      atPlace(`${dir}/state/${name}`, `${dir}/state`, remove);
    } catch (thrown) {
      failure = thrown;
    }
    if (!(failure instanceof Failure)) throw failure;
    const [advice] = failure.hints;
    expect(advice?.text).not.toContain('\u001b');
    execFileSync('/bin/sh', ['-c', `cd state && ${advice?.text}`], { cwd: dir });
    expect(readdirSync(join(dir, 'state')).sort()).toEqual(['.hermes', `${name}.old`]);
    expect(readdirSync(join(dir, 'victim'))).toEqual([]);
  });

  it('what a killed run left half written is swept away, and a link of that name is not followed', () => {
    writeFileSync(join(dir, 'victim/file'), 'kept');
    symlinkSync(join(dir, 'victim/file'), join(dir, 'state/.hermes/..env.hermes-shim-draft'));
    withRoot(join(dir, 'state/.hermes'), (home) => {
      writeFile(home, '.env', 'whole', me);
      symlinkSync(join(dir, 'victim/file'), join(dir, 'state/.hermes/.a.hermes-shim-draft'));
      sweep(home);
    });
    expect(readdirSync(join(dir, 'state/.hermes'))).toEqual(['.env']);
    expect(readFileSync(join(dir, 'victim/file'), 'utf8')).toBe('kept');
  });

  it('a directory in the place of a draft is put aside, not stumbled over', () => {
    const drafts = ['..env.hermes-shim-draft', '.other.hermes-shim-draft'];
    for (const draft of drafts) mkdirSync(join(dir, 'state/.hermes', draft, 'full'), { recursive: true });
    withRoot(join(dir, 'state/.hermes'), (home) => {
      writeFile(home, '.env', 'whole', me);
      sweep(home);
    });
    expect(readFileSync(join(dir, 'state/.hermes/.env'), 'utf8')).toBe('whole');
    const names = readdirSync(join(dir, 'state/.hermes'));
    for (const draft of drafts)
      expect(names.filter((name) => name.startsWith(draft))).toEqual([
        expect.stringMatching(/draft\.\d+-\d+$/),
      ]);
  });

  it('a pipe or a file of another name in its place is neither waited for nor written through', () => {
    writeFileSync(join(dir, 'victim/file'), 'kept');
    linkSync(join(dir, 'victim/file'), join(dir, 'state/.hermes/config.yaml'));
    withRoot(join(dir, 'state/.hermes'), (home) => {
      writeFile(home, 'config.yaml', 'new', me);
      writeLink(home, 'config.yaml', '/x', me);
      expect(readFile(home, 'config.yaml')).toBeUndefined();
    });
    expect(readFileSync(join(dir, 'victim/file'), 'utf8')).toBe('kept');
  });

  it.each(['.hermes', 'config.yaml'])(
    'somebody who exchanges %s for a link all the time never gets a write outside',
    async (what) => {
      const target = what === '.hermes' ? join(dir, 'state/.hermes') : join(dir, 'state/.hermes/config.yaml');
      if (what !== '.hermes') writeFileSync(target, 'own');
      writeFileSync(join(dir, 'victim/config.yaml'), 'kept');
      const away = join(dir, 'state/away');
      symlinkSync(what === '.hermes' ? join(dir, 'victim') : join(dir, 'victim/config.yaml'), away);
      await using thief = await swapper('exchange', target, away);
      let refused = 0;
      let written = 0;
      const before = thief.count();
      for (let n = 0; n < 1000 || thief.count() - before < 1000; n++) {
        try {
          atPlace(`${dir}/state/.hermes/config.yaml`, `${dir}/state`, (inner, name) =>
            writeFile(inner, name, `new ${n}`, me),
          );
          written++;
        } catch {
          refused++;
        }
        if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(readFileSync(join(dir, 'victim/config.yaml'), 'utf8')).toBe('kept');
      expect(readdirSync(join(dir, 'victim'))).toEqual(['config.yaml']);
      expect(written + refused).toBeGreaterThan(999);
      expect(written).toBeGreaterThan(0);
      expect(existsSync(join(dir, 'victim/.config.yaml.hermes-shim-draft'))).toBe(false);
    },
  );
});
