/** Files that hermes-shim.yaml names, and who could exchange them. Real files, no engine. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readSourceFile } from '../../../src/managed/apply/source-file.ts';
import '../scratch.ts';

const asUser = { asRoot: false, owner: process.getuid?.() };
const asRoot = { asRoot: true, owner: 990 };
const isRoot = process.getuid?.() === 0;
const alice = 4711;

let dir = '';
const at = (name: string) => join(dir, name);
beforeEach(() => {
  dir = mkdtempSync(join(realpathSync(tmpdir()), 'source-'));
  writeFileSync(at('roots'), 'secret', { mode: 0o600 });
  mkdirSync(at('alice'));
  writeFileSync(at('alice/USER.md'), 'me', { mode: 0o600 });
});

describe('a file that hermes-shim.yaml names', () => {
  it('is read, through links too, by whoever reads as themselves', () => {
    symlinkSync(at('alice/USER.md'), at('link'));
    for (const path of [at('alice/USER.md'), at('link')])
      expect(readSourceFile(path, asUser)).toMatchObject({ kind: 'read', content: Buffer.from('me') });
  });

  it('is a regular one: no pipe is waited for', () => {
    execFileSync('/bin/sh', ['-c', 'mkfifo "$1"', 'sh', at('pipe')]);
    for (const path of [at('pipe'), dir, '/dev/zero'])
      expect(readSourceFile(path, asUser)).toEqual({ kind: 'unfit', says: 'is no regular file' });
  });

  it('so many bytes and no more', () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 65 * 1024 * 1024);
    expect(readSourceFile(at('huge'), asUser)).toMatchObject({ kind: 'unfit' });
  });
});

describe.runIf(isRoot)('root reads', () => {
  it('what nobody else can exchange', () => {
    symlinkSync('roots', at('link'));
    for (const path of [at('roots'), at('link'), '/etc/passwd'])
      expect(readSourceFile(path, asRoot)).toMatchObject({ kind: 'read' });
  });

  it("nothing through a directory or a link of somebody else's, whatever that leads to", () => {
    chownSync(at('alice'), alice, alice);
    symlinkSync(at('roots'), at('alice/link'));
    symlinkSync(at('roots'), at('theirs'));
    lchownSync(at('theirs'), alice, alice);
    symlinkSync('alice', at('over'));
    writeFileSync(at('alice/roots'), '');
    const by = (path: string) => readSourceFile(path, asRoot);
    expect(by(at('alice/USER.md'))).toEqual({ kind: 'exchangeable', by: at('alice') });
    expect(by(at('alice/link'))).toEqual({ kind: 'exchangeable', by: at('alice') });
    expect(by(at('over/roots'))).toMatchObject({ kind: 'exchangeable' });
    expect(by(at('theirs'))).toEqual({ kind: 'exchangeable', by: at('theirs') });
  });

  it('nothing that others can write', () => {
    chmodSync(at('roots'), 0o620);
    expect(readSourceFile(at('roots'), asRoot)).toEqual({ kind: 'exchangeable', by: at('roots') });
    chmodSync(dir, 0o770);
    expect(readSourceFile(at('alice/USER.md'), asRoot)).toEqual({ kind: 'exchangeable', by: dir });
  });

  it("what is hermes's own already, wherever it lies", () => {
    chownSync(at('alice'), alice, alice);
    chownSync(at('alice/USER.md'), asRoot.owner, alice);
    expect(readSourceFile(at('alice/USER.md'), asRoot)).toMatchObject({ kind: 'read' });
  });
});
