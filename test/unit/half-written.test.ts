import { describe, expect, it } from 'vitest';
import { isHalfWritten } from '../../src/route/half-written.ts';

const now = 1_000_000_000;
const half = (text: string, ageMs = 0) => isHalfWritten({ file: '/f', text, changedMs: now - ageMs }, now);
const whole = 'backend=docker\ncontainer_name=hermes-agent\n';

describe('metadata that is being written', () => {
  it('is fresh and empty, without a key, or cut off within a line', () => {
    for (const text of [
      '',
      '\n',
      '# Written by NixOS activation script.\n',
      'backend=docker\ncontainer_na',
      'hermes_bin=/data/cur',
    ])
      expect(half(text), text).toBe(true);
  });

  it('is not what ends as it should, with any key', () => {
    for (const text of [whole, `\ufeff${whole}`, '  exec_user = hermes\r\n', 'backend=nonsense\n'])
      expect(half(text), text).toBe(false);
  });

  it('is not what nobody touched for 2 s, nor what comes from the future', () => {
    expect(half('', 1999)).toBe(true);
    expect(half('', 2000)).toBe(false);
    expect(half('', -60_000)).toBe(false);
  });
});
