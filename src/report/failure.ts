import { errorCode } from '../system/error-code.ts';
import { escapeControls } from './escape.ts';
import { explainShortage, isShortage } from './shortage.ts';

/** One thing to do about a failure: a few words, then the exact command or option. */
export type Hint = { readonly label: string; readonly text: string };

/** The shim's own exit codes: 125 to 127 as `env`, `nice` and `timeout` use them; 255, as ssh, where the connection broke. */
export const exitCodes = { cannotRoute: 125, cannotRun: 126, notFound: 127, connectionLost: 255 } as const;

/** The error that is shown to a person: a sentence, what to do next, and the exit code. */
export class Failure extends Error {
  /**
   * @param exitCode what the shim exits with
   * @param sentence what is wrong, without the leading `hermes: `; outside text in it must be escaped already
   * @param hints what to do, in the order to try it
   */
  constructor(
    readonly exitCode: number,
    readonly sentence: string,
    readonly hints: readonly Hint[] = [],
  ) {
    super(sentence);
    this.name = 'Failure';
  }
}

/** The hint that ends most failures: hermes still runs on the host, when asked for by name. */
export const runOnHost: Hint = { label: 'run hermes on this host instead', text: 'HERMES_DEV=1 hermes …' };

/** Lays a failure out as a person reads it: the sentence, then one aligned line a hint. Ends with a newline. */
export function formatFailure(failure: Failure): string {
  const aligned = failure.hints.filter((hint) => hint.label.length <= 10);
  const width = Math.max(0, ...aligned.map((hint) => hint.label.length + 1));
  const lines = failure.hints.map(({ label, text }) => `  ${`${label}:`.padEnd(width)}  ${text}`);
  // whoever made the words should have escaped what is not theirs; here nothing gets past that was forgotten
  return [`hermes: ${failure.sentence}`, ...lines].map((line) => `${escapeControls(line, 8000)}\n`).join('');
}

/**
 * The failure for a system error by which something ran out: nothing is wrong with the file that it happened at.
 * @param what could not be done, in words
 * @returns `undefined` for any other error
 */
export function lackOf(code: string, exitCode: number, what?: string): Failure | undefined {
  if (!isShortage(code)) return undefined;
  const { words, hints } = explainShortage(code);
  return new Failure(exitCode, what ? `${what}: ${words}` : words, hints);
}

/**
 * Turns whatever was thrown into a failure. An error that is not ours is a bug or the machine's trouble (no
 * memory, no descriptors): it is told in one sentence, never as a stack trace.
 */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const lack = lackOf(errorCode(thrown), exitCodes.cannotRoute);
  if (lack) return lack;
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure(exitCodes.cannotRoute, `something unforeseen went wrong: ${escapeControls(words)}`, [
    { label: 'see each step', text: 'HERMES_SHIM_DEBUG=1 hermes …' },
    runOnHost,
  ]);
}
