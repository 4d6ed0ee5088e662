import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeControls } from '../../src/report/escape.ts';
import { asFailure, Failure, formatFailure } from '../../src/report/failure.ts';
import { quoteCommand, quoteWord } from '../../src/report/quote.ts';
import { explainShortage } from '../../src/report/shortage.ts';
import { unreadable } from '../../src/route/home.ts';
import { errorCode } from '../../src/system/error-code.ts';

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 600 });

describe('what the system does not give', () => {
  it('is told by the launcher in the same words as by the program', () => {
    const launcher = readFileSync(new URL('../../bin/hermes', import.meta.url), 'utf8');
    for (const code of ['EMFILE', 'EAGAIN', 'ENOMEM'] as const)
      expect(launcher).toContain(`hermes_shim_short '${explainShortage(code).words}'`);
  });
});

describe('a file that cannot be read', () => {
  it('is not to be looked at where descriptors ran out', () => {
    const { exitCode, sentence, hints } = unreadable('/home/x/.hermes/.container-mode', 'EMFILE');
    expect([exitCode, sentence]).toEqual([
      125,
      '/home/x/.hermes/.container-mode cannot be read: too few files may be open at once here (EMFILE)',
    ]);
    expect(hints.map(({ label }) => label)).toEqual(['allow more']);
    expect(unreadable('/home/x', 'EIO').hints[0]).toEqual({ label: 'look', text: 'ls -ld /home/x' });
  });

  it('may lie in a home that the official image has closed: what opens it is named first', () => {
    const advice = (owner?: number) => unreadable('/home/x', 'EACCES', owner).hints.map(({ text }) => text);
    const [numbers, mode, nixos] = [/^-e HERMES_UID=/, /^-e HERMES_HOME_MODE=0711$/, /hostUsers/];
    const like = (...texts: RegExp[]) => texts.map((text) => expect.stringMatching(text));
    expect(advice(10_000).slice(0, 3)).toEqual(like(numbers, mode, nixos));
    expect(advice(109_999).slice(0, 2)).toEqual(like(mode, nixos));
    for (const owner of [undefined, 0, 999]) expect(advice(owner)[0]).toMatch(nixos);
  });
});

describe('text from outside', () => {
  it.each([
    ['\u001b[2J', '\\x1b[2J'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u009b31m', '\\x9b31m'],
    ['\u202eabc', '\\u{202e}abc'],
    ['a\u2028b', 'a\\u{2028}b'],
    ['\u{e0001}', '\\u{e0001}'],
    ['\ud800', '\\u{d800}'],
    ['\u007f', '\\x7f'],
    ['ü漢🙂 is kept', 'ü漢🙂 is kept'],
  ])('%j is shown as %j', (text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it('cannot reach the terminal with a control character, nor at any length', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 500 }), (text, limit) => {
        const shown = escapeControls(text, limit);
        expect(shown).not.toMatch(unsafe);
        expect(shown.length).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 500 },
    );
  });

  it('that is too long is cut, between whole characters', () => {
    expect(escapeControls('a'.repeat(401))).toBe(`${'a'.repeat(399)}…`);
    expect(escapeControls('🙂🙂🙂🙂', 6)).toBe('🙂🙂…');
  });
});

describe('a word for a shell', () => {
  it.each([
    ['plain', 'plain'],
    ['/a/b.c:d=e@f%g+h,i-j_k', '/a/b.c:d=e@f%g+h,i-j_k'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$(id)', "'$(id)'"],
    ['~', "'~'"],
    ['*', "'*'"],
  ])('%j is quoted as %s', (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
  });

  it('comes back from a real shell as it was', () => {
    const words = fc.array(
      fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0')),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(words, (list) => {
        const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoteCommand(list)}`]);
        expect(printed.toString().split('\0').slice(0, -1)).toEqual(list);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a failure', () => {
  it('is laid out as a sentence and aligned hints', () => {
    const failure = new Failure(125, "container 'x' is not running; waited 5 s", [
      { label: 'see why', text: 'journalctl -u hermes-agent -e' },
      { label: 'start it', text: 'sudo systemctl start hermes-agent' },
      { label: 'run hermes on this host instead', text: 'HERMES_DEV=1 hermes …' },
    ]);
    expect(formatFailure(failure)).toBe(
      [
        "hermes: container 'x' is not running; waited 5 s",
        '  see why:   journalctl -u hermes-agent -e',
        '  start it:  sudo systemctl start hermes-agent',
        '  run hermes on this host instead:  HERMES_DEV=1 hermes …',
        '',
      ].join('\n'),
    );
  });

  it('without hints is one line', () => {
    expect(formatFailure(new Failure(1, 'no'))).toBe('hermes: no\n');
  });

  it('never carries a control character, even one that was forgotten', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (sentence, label, text) => {
        const lines = formatFailure(new Failure(125, sentence, [{ label, text }])).split('\n');
        expect(lines).toHaveLength(3);
        for (const line of lines) expect(line).not.toMatch(unsafe);
      }),
    );
  });

  it.each([new Error('boom\u001b[2J'), 'boom\u001b[2J'])(
    'made of %j is one sentence, not a stack',
    (thrown) => {
      expect(asFailure(thrown)).toMatchObject({
        exitCode: 125,
        sentence: 'something unforeseen went wrong: boom\\x1b[2J',
      });
    },
  );

  it('stays what it is', () => {
    const failure = new Failure(126, 'no');
    expect(asFailure(failure)).toBe(failure);
  });
});

it('a system error is known by its code', () => {
  expect(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
  for (const thrown of [new Error('x'), null, undefined, 'x', { code: 5 }]) {
    expect(errorCode(thrown)).toBe('unknown');
  }
});
