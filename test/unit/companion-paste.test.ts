import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pasteable } from '../../src/report/paste.ts';

describe('a command that is printed to be pasted', () => {
  it('comes out of a shell as the very words it was made of', () => {
    const word = fc
      .string({ unit: 'binary' })
      .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${pasteable(words)}`], {
          encoding: 'utf8',
        });
        expect(printed.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });

  it('cannot move the cursor, ring, or turn text around', () => {
    const word = fc
      .string({ unit: 'binary' })
      .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(pasteable(words)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
    );
  });

  it('keeps plain words plain', () => {
    expect(pasteable(['docker', 'exec', '-i', "it's", ''])).toBe(`docker exec -i 'it'\\''s' ''`);
    expect(pasteable(['a\x1b[31mb'])).toBe(`a"$(printf '\\033')"'[31mb'`);
  });
});
