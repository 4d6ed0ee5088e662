import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../src/managed/file/read.ts';
import { leavesOf, mergeConfig } from '../../../src/managed/merge/config.ts';
import { readRecord, writeRecord } from '../../../src/managed/write/record.ts';

const settingsOf = (text: string) => parseDeclaration(text, 'hermes-shim.yaml').declared.settings ?? {};

function merged(current: string, declared: object, before: object = {}): string {
  const result = mergeConfig(current, declared as never, leavesOf(before as never));
  if (result.kind !== 'merged') throw new Error(result.why);
  return result.text;
}

const declared = { model: { default: 'new' } };
const added = 'model:\n  default: new\n';

describe('a value of config.yaml that nobody asked to change', () => {
  it('stays to the character: ids of Discord, times, and every other way to write a number', () => {
    const own = `discord: {home_channel: 1098765432109876543, allowed: [123456789012345678]}
since: 2024-01-01 10:00:00 +02:00
day: 2024-02-30
mask: 0o17
colour: 0xFF
old: 017
clock: 1:30
price: 1.10
many: 1_000
limit: -.INF
${'1'.repeat(30)}: a key
`;
    expect(merged(own, declared)).toBe(own + added);
  });

  it('stays to the character, whatever its digits, its time or its words are', () => {
    const digits = fc.stringMatching(/^[-+]?[0-9]{1,30}$/);
    const float = fc.stringMatching(/^[-+]?[0-9]{1,20}\.[0-9]{0,20}([eE][-+][0-9]{1,3})?$/);
    const time = fc.stringMatching(
      /^[0-9]{4}-[01][0-9]-[0-3][0-9]([Tt ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?( ?[-+][01][0-9]:[0-5]0|Z)?)?$/,
    );
    const word = fc.string({ maxLength: 20 }).map((text) => JSON.stringify(text));
    const bare = fc.stringMatching(/^[a-z][a-zA-Z0-9_./]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(digits, float, time, word, bare), { maxLength: 8 }), (values) => {
        const own = values.map((value, at) => `k${at}: ${value}\n`).join('');
        expect(merged(own, declared)).toBe(own + added);
        const listed = `list: [${values.join(', ')}]\n`;
        expect(merged(listed, declared)).toBe(listed + added);
      }),
      { numRuns: 300, examples: [[['"[ "']], [['"{ a"', '1']]] },
    );
  });
});

describe('a number of hermes-shim.yaml', () => {
  const file =
    'settings:\n  discord:\n    channel: 1098765432109876543\n    allowed: [123456789012345678, 5]\n';

  it('arrives with all its digits, as a key, too, and a second merge changes nothing', () => {
    const settings = settingsOf(`${file}    1098765432109876543: x\n`);
    const text = merged('', settings);
    expect(text).toContain('channel: 1098765432109876543\n');
    expect(text).toContain('- 123456789012345678\n');
    expect(text).toContain('"1098765432109876543": x\n');
    expect(merged(text, settings)).toBe(text);
  });

  it.each(['9007199254740993', '1e20', '1.5e300', '-123456789012345678901234567890', '0x7fffffffffffffff'])(
    'is written once: %s',
    (number) => {
      const settings = settingsOf(`settings: {n: ${number}}\n`);
      const text = merged('', settings);
      expect(merged(text, settings)).toBe(text);
      expect(merged(text, {}, settings)).not.toContain('n:');
    },
  );

  it('changes a key of config.yaml that is a number in its place', () => {
    const own = 'prompts:\n  123456789012345678: old # mine\n  5: y\n';
    const settings = settingsOf('settings: {prompts: {123456789012345678: new}}\n');
    expect(merged(own, settings)).toBe(own.replace('old', 'new'));
    expect(merged(own.replace('old', 'new'), {}, settings)).toBe('prompts:\n  5: y\n');
  });

  it('is remembered with all its digits', () => {
    const place = mkdtempSync(join(tmpdir(), 'record-'));
    const leaves = leavesOf(settingsOf(file));
    const made = { stateDir: '/s', leaves, plugins: [], bridges: [], pin: true };
    writeRecord(place, made, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    expect(readRecord(place, '/s').leaves).toEqual(leaves);
  });

  it('where it is no whole number of seconds is told in words', () => {
    expect(() => parseDeclaration('restartSec: 99999999999999999999\n', 'f')).toThrow(
      'line 1: restartSec: is the number 99999999999999999999, accepted is a whole number of seconds',
    );
  });
});
