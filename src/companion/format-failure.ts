import { type Failure, formatFailure, type Hint, runOnHost } from '../report/failure.ts';

/** A failure under the companion's own name. */
export function formatCompanionFailure(failure: Failure): string {
  return formatFailure(failure).replace(/^hermes: /, 'hermes-shim: ');
}

/** What is to be done about a failure; that hermes could also be run on the host repairs nothing. */
export function fixesOf(failure: Failure): readonly Hint[] {
  return failure.hints.filter((hint) => hint !== runOnHost);
}

/** A failure as `--json` has it everywhere. */
export function failureJson(failure: Failure): { says: string; fixes: readonly Hint[] } {
  return { says: failure.sentence, fixes: fixesOf(failure) };
}
