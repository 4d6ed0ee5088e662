import { escapeControls } from '../report/escape.ts';
import type { Failure, Hint } from '../report/failure.ts';
import { bold, mark, type OutputStyle, type Status } from './answer.ts';
import { fixesOf } from './format-failure.ts';

/** What doctor looks at, in the order of a call. */
export const checkNames = [
  'path',
  'bypass',
  'inside',
  'pin',
  'home',
  '~/.hermes',
  'metadata',
  'manager',
  'groups',
  'engine',
  'access',
  'transport',
  'container',
  'same home',
  'running',
  'user',
  'binary',
  'files',
  'writing',
  'gateways',
  'network',
  'answer',
  'sessions',
  'native',
] as const;
export type CheckName = (typeof checkNames)[number];

/** One thing that was looked at. `says` is not yet escaped; the fixes are the exact things to type. */
export type Check = {
  readonly check: CheckName;
  readonly status: Status;
  readonly says: string;
  readonly fixes: readonly Hint[];
};

/** It is as it should be. */
export function well(check: CheckName, says: string): Check {
  return { check, status: 'ok', says, fixes: [] };
}

/** It is well, and this would make it better. */
export function advise(check: CheckName, says: string, fixes: readonly Hint[]): Check {
  return { check, status: 'ok', says, fixes };
}

/** hermes works, but somebody should know. */
export function warn(check: CheckName, says: string, fixes: readonly Hint[]): Check {
  return { check, status: 'warning', says, fixes };
}

/** hermes does not work. */
export function fail(check: CheckName, says: string, fixes: readonly Hint[]): Check {
  return { check, status: 'failed', says, fixes };
}

/** A failure of the hot path, as a check that did not pass. */
export function failBy(check: CheckName, failure: Failure): Check {
  return fail(check, failure.sentence, fixesOf(failure));
}

/** It could not be looked at. */
export function skip(check: CheckName, because: string): Check {
  return { check, status: 'skipped', says: `not checked, because ${because}`, fixes: [] };
}

const width = Math.max(...checkNames.map((name) => name.length));

/** Lays checks out, the fixes under what they mend. Hints are ours, to be pasted; nothing gets past here that was forgotten. */
export function formatChecks(checks: readonly Check[], style: OutputStyle): string {
  const indent = ' '.repeat(mark('ok', { ...style, colour: false }).length + 1);
  return checks
    .map(({ check, status, says, fixes }) => {
      const line = `${mark(status, style)} ${bold(check.padEnd(width), style)}  ${escapeControls(says, 600)}\n`;
      return (
        line +
        fixes.map(({ label, text }) => `${indent}  ${label}:  ${escapeControls(text, 8000)}\n`).join('')
      );
    })
    .join('');
}
