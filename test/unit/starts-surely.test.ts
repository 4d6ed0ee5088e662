import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startsSurely } from '../../src/session/native/starts-surely.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function program(text: string | Buffer, mode = 0o755): string {
  const file = join(dir, 'hermes');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe('a native hermes takes the place of the shim', () => {
  it('where it is a script whose interpreter is there', () => {
    for (const first of ['#!/bin/sh', '#!/usr/bin/env python3', '#! /bin/sh -e', `#!${process.execPath}`])
      expect(startsSurely(program(`${first}\nexit 0\n`), 100), first).toBe(true);
  });

  it('nowhere that the system might refuse it: a node that cannot tell of that would abort', () => {
    expect(startsSurely(program('#!/gone/venv/bin/python3\n'), 100)).toBe(false);
    expect(startsSurely(program('exit 0\n'), 100)).toBe(false);
    expect(startsSurely(program(''), 100)).toBe(false);
    expect(startsSurely(program('#!/bin/sh'), 100)).toBe(false);
    expect(startsSurely(program(`#!/${'x'.repeat(300)}\n`), 100)).toBe(false);
    expect(startsSurely(program('#!/bin/sh\n', 0o644), 100)).toBe(false);
    expect(startsSurely(join(dir, 'gone'), 100)).toBe(false);
    expect(startsSurely(dir, 100)).toBe(false);
    // a script as interpreter, and a program of another machine (e_machine 0x28, ARM)
    const script = program('#!/bin/sh\n');
    const other = join(dir, 'other');
    writeFileSync(other, `#!${script}\n`, { mode: 0o755 });
    expect(startsSurely(other, 100)).toBe(false);
    const arm = Buffer.alloc(64);
    arm.write('\x7fELF\x02\x01\x01', 'latin1');
    arm.writeUInt16LE(0x28, 18);
    program(arm);
    expect(startsSurely(other, 100)).toBe(false);
  });

  it('not with more words than every system takes', () => {
    const file = program('#!/bin/sh\n');
    expect(startsSurely(file, 128 * 1024)).toBe(true);
    expect(startsSurely(file, 128 * 1024 + 1)).toBe(false);
  });
});
