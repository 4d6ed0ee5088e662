/** What lies at a home's `.container-mode`: read once, never waited for, never followed. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/report/failure.ts';
import { closeHome, type Home, openHome } from '../../src/route/home.ts';
import { repair } from '../../src/route/metadata.ts';
import { readMetadataFile, readSmallFile } from '../../src/route/read.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Does something with the rights of a user who owns nothing here, where these tests run as root. */
function asNobody(act: () => void): void {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    act();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

describe('a home’s metadata', () => {
  const file = '.container-mode';
  let directory: string;
  let home: Home;
  beforeEach(() => {
    directory = mkdtempSync(join(scratch, 'home-'));
    const opened = openHome(directory);
    if (opened === undefined) throw new Error('no home');
    home = opened;
  });
  afterEach(() => closeHome(home));

  /** What is wrong with it; nothing that was opened to find out is left open. */
  const faultOf = (read: () => unknown = () => readMetadataFile(home)) => {
    const before = readdirSync('/proc/self/fd').length;
    try {
      return `accepted ${JSON.stringify(read())}`;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      expect(error.exitCode).toBe(125);
      return error.sentence;
    } finally {
      expect(readdirSync('/proc/self/fd').length).toBe(before);
    }
  };

  it('is what its file says, to the last byte, with the file’s own time', () => {
    const text = '# hérmes\nbackend=docker\n';
    writeFileSync(join(directory, file), text);
    utimesSync(join(directory, file), 1000, 1234.5);
    const before = readdirSync('/proc/self/fd').length;
    expect(readMetadataFile(home)).toEqual({ file: join(directory, file), text, changedMs: 1_234_500 });
    writeFileSync(join(directory, file), '');
    expect(readMetadataFile(home)).toMatchObject({ text: '' });
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('is that of the home that was opened, whatever has been put in its place since', () => {
    writeFileSync(join(directory, file), 'container_name=mine\n');
    renameSync(directory, `${directory}-away`);
    mkdirSync(directory);
    writeFileSync(join(directory, file), 'container_name=forged\n');
    expect(readMetadataFile(home)?.text).toBe('container_name=mine\n');
  });

  it('is none where there is no such file, nor where a file stands in the way', () => {
    expect(readMetadataFile(home)).toBeUndefined();
    writeFileSync(join(directory, 'way'), '');
    expect(readSmallFile(join(directory, 'way/pin'), '/pin')).toBeUndefined();
  });

  it('is never a link, though it led to the real one', () => {
    writeFileSync(join(directory, 'real'), 'backend=docker\n');
    symlinkSync('real', join(directory, file));
    expect(faultOf()).toBe(`${join(directory, file)} is a symbolic link, which is not followed`);
  });

  it('is never a directory, a FIFO, a socket or a device, and none of them is waited for', async () => {
    const path = join(directory, file);
    mkdirSync(path);
    expect(faultOf()).toBe(`${path} is a directory`);
    rmSync(path, { recursive: true });
    execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
    expect(faultOf()).toBe(`${path} is not a regular file`);
    rmSync(path);
    const server = createServer();
    // the longest name of a socket is shorter than some temporary directories'
    await new Promise<void>((listening) =>
      server.listen(`/proc/self/fd/${home.descriptor}/${file}`, listening),
    );
    try {
      expect(faultOf()).toBe(`${path} is not a regular file`);
    } finally {
      await new Promise((closed) => server.close(closed));
    }
    expect(faultOf(() => readSmallFile('/dev/zero', '/pin'))).toBe('/pin is not a regular file');
  });

  it('is 64 KiB long at most, and what is longer is not read to its end', () => {
    const longest = 'x'.repeat(64 * 1024);
    writeFileSync(join(directory, file), longest);
    expect(readMetadataFile(home)?.text === longest).toBe(true);
    writeFileSync(join(directory, file), `${longest}x`);
    expect(faultOf()).toBe(`${join(directory, file)} is larger than 64 KiB`);
    truncateSync(join(directory, file), 2 ** 40);
    expect(faultOf()).toBe(`${join(directory, file)} is larger than 64 KiB`);
  });

  it('that cannot be used is shown without control characters, with where to look', () => {
    mkdirSync(join(directory, file));
    try {
      readSmallFile(join(directory, file), '/a\u001b[2J');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        sentence: '/a\\x1b[2J is a directory',
        hints: repair('/a\u001b[2J'),
      });
    }
  });

  it('that may not be read is told with whose home it is, and any other trouble by its code', () => {
    const path = join(directory, file);
    writeFileSync(path, '', { mode: 0 });
    asNobody(() => {
      expect(faultOf()).toBe(
        `${path} cannot be read by this user (EACCES): the home belongs to uid ${home.ownerUid}`,
      );
    });
    const long = `/${'x'.repeat(300)}`;
    expect(faultOf(() => readSmallFile(long, '/pin'))).toBe('/pin cannot be read (ENAMETOOLONG)');
  });

  it('of one’s own choice is judged by what was opened, before it is read', () => {
    const path = join(directory, file);
    writeFileSync(path, 'backend=docker\n', { mode: 0o640 });
    const refusing = (stat: Stats) => {
      throw new Failure(125, `refused ${(stat.mode & 0o777).toString(8)}`);
    };
    expect(faultOf(() => readSmallFile(path, '/pin', refusing))).toBe('refused 640');
  });
});
