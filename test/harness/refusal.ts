/** What every refusal of the shim has in common, whatever was wrong. */
import { expect } from 'vitest';
import type { Ended } from './call.ts';

/** Nothing on stdout, our own sentence and hints on stderr: no control characters, no stack trace, no riddle of Node's. */
export function expectRefusal(ended: Ended, exitCode: number, ...words: (string | RegExp)[]): void {
  const { stderr } = ended;
  for (const word of words) {
    if (typeof word === 'string') expect(stderr).toContain(word);
    else expect(stderr).toMatch(word);
  }
  expect({ exitCode: ended.exitCode, stdout: ended.stdout, timedOut: ended.timedOut }).toEqual({
    exitCode,
    stdout: '',
    timedOut: false,
  });
  expectClean(stderr);
  expect(stderr.split('\n').filter((line) => line.startsWith('hermes: '))).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at |node:internal|something unforeseen/m);
}

/** Nothing that a terminal would obey, but line ends. */
export function expectClean(text: string): void {
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
}
