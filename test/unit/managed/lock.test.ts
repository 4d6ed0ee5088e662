import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../../src/managed/write/lock.ts';
import '../scratch.ts';

const { PATH } = process.env;
afterEach(() => {
  process.env.PATH = PATH;
});

/** A directory, and a PATH on which `flock` is this program and nothing else is there. */
function withFlock(script: string | undefined, mode = 0o755): string {
  const dir = mkdtempSync(join(tmpdir(), 'lock-'));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  if (script !== undefined) writeFileSync(join(bin, 'flock'), `#!/bin/sh\n${script}\n`, { mode });
  process.env.PATH = bin;
  return dir;
}

describe('the lock', () => {
  // busybox 1.36: Usage: flock [-sxun] FD | { FILE [-c] PROG ARGS }
  it("is waited for also by busybox's flock, which knows no -w", async () => {
    const dir = withFlock(`case "$*" in *-w*) exit 1;; esac\nPATH=${PATH}; exec flock "$@"`);
    const holder = spawn('/bin/sh', [
      '-c',
      `PATH=${PATH}; exec flock "$0" sh -c 'echo have; cat'`,
      `${dir}/lock`,
    ]);
    await once(holder.stdout, 'data');
    let waited = false;
    await takeLock(dir, () => {
      waited = true;
      holder.stdin.end();
    });
    expect(waited).toBe(true);
  });

  it('is had at once where nobody has it', async () => {
    await takeLock(withFlock(`PATH=${PATH}; exec flock "$@"`), () => expect.unreachable());
  });

  it.each([
    ['is not there', undefined, 0o755, /flock was not found/],
    ['cannot be started', '', 0o644, /flock cannot be started: EACCES/],
    ['does not understand us', 'exit 64', 0o755, /flock ended with 64/],
  ] as const)('says what is wrong where flock %s', async (_, script, mode, says) => {
    const taken = takeLock(withFlock(script, mode), () => expect.unreachable());
    await expect(taken).rejects.toThrow(says);
  });
});
