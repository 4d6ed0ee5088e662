import { execFileSync, spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { init } from '../../src/companion/init.ts';
import { Failure } from '../../src/report/failure.ts';
import type { Caller } from '../../src/route/caller.ts';
import { addFile } from '../../src/system/replace-file.ts';

// no engine of this machine is asked
vi.mock('../../src/engine/locate.ts', () => ({ locateEngine: () => undefined }));

const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

const scratch = () => mkdtempSync(join(tmpdir(), 'add-file-'));

/** init, called by somebody with this home directory and no engine. */
const initIn = (home: string) =>
  init({ env: { HOME: home, PATH: '/nowhere' }, uid: 1000 } as unknown as Caller, { file: undefined });

describe('a file that is added', () => {
  it('is whole, and replaces nothing, not even a link that leads nowhere', () => {
    const directory = scratch();
    addFile(join(directory, 'new'), 'text', 0o640);
    expect(readFileSync(join(directory, 'new'), 'utf8')).toBe('text');
    expect(statSync(join(directory, 'new')).mode & 0o777).toBe(0o640);
    symlinkSync('nowhere', join(directory, 'link'));
    for (const name of ['new', 'link'])
      expect(() => addFile(join(directory, name), 'other', 0o640)).toThrow(/EEXIST/);
    expect(readFileSync(join(directory, 'new'), 'utf8')).toBe('text');
    expect(lstatSync(join(directory, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(directory).sort()).toEqual(['link', 'new']);
  });
});

describe('init', () => {
  it('makes a directory that others cannot write, whatever the umask, and never writes twice', async () => {
    const home = scratch();
    const before = process.umask(0o002);
    try {
      await initIn(home);
    } finally {
      process.umask(before);
    }
    const file = join(home, '.config/hermes-shim/hermes-shim.yaml');
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    writeFileSync(file, 'mine');
    await expect(initIn(home)).rejects.toThrow(/is there already/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('never advises to move a directory away that was named in place of a file', async () => {
    const home = scratch();
    const named = init({ env: { HOME: home, PATH: '/nowhere' }, uid: 1000 } as unknown as Caller, {
      file: home,
    });
    await expect(named).rejects.toMatchObject({
      sentence: `${home} is a directory, and stays as it is`,
      hints: [{ text: `hermes-shim init --file ${home}/hermes-shim.yaml` }],
    });
  });

  it.skipIf(!mayMount)(
    'on a full disk leaves nothing behind that would be taken for a file of theirs',
    async () => {
      const home = scratch();
      const directory = join(home, '.config/hermes-shim');
      mkdirSync(directory, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'none', directory]);
      try {
        writeFileSync(join(directory, 'ballast'), 'x'.repeat(4096));
        const refused = await initIn(home).catch((thrown: unknown) => thrown);
        expect(refused).toBeInstanceOf(Failure);
        expect(refused).toMatchObject({
          sentence: expect.stringContaining('no space is left'),
          hints: [{ label: 'where', text: `df -h ${directory}` }],
        });
        expect(readdirSync(directory)).toEqual(['ballast']);
      } finally {
        execFileSync('umount', [directory]);
      }
    },
  );
});
