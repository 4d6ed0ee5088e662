import type { Environment } from '../system/environment.ts';
/** What a subcommand found out: for a person, for a program, for the shell. */
export type Answer = {
  /** 0 all well, 1 otherwise */
  readonly code: 0 | 1;
  readonly json: unknown;
  readonly text: (style: OutputStyle) => string;
};

/**
 * JSON for a program, which a person may look at: what a terminal would obey or turn around, and JSON itself leaves as it
 * is (C1 controls, bidi overrides, line separators), is written as escapes that mean the same.
 */
export function jsonText(facts: unknown): string {
  const text = JSON.stringify(facts, null, 2);
  const escaped = (char: string): string =>
    [...Array(char.length).keys()]
      .map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  return `${text.replace(/[\x7f-\x9f\p{Cf}\u2028\u2029]/gu, escaped)}\n`;
}

/** What the terminal that is written to can show. */
export type OutputStyle = { readonly symbols: boolean; readonly colour: boolean };

/** Symbols only on a terminal, colour only there and unless NO_COLOR (any value, no-color.org) or a dumb terminal. */
export function outputStyleOf(isTerminal: boolean, env: Environment): OutputStyle {
  return { symbols: isTerminal, colour: isTerminal && !env.NO_COLOR && env.TERM !== 'dumb' };
}

/** How a check or a decision turned out. */
export type Status = 'ok' | 'warning' | 'failed' | 'skipped';

const marks: Readonly<Record<Status, readonly [symbol: string, word: string, colour: number]>> = {
  ok: ['✓', 'ok', 32],
  warning: ['!', 'warning', 33],
  failed: ['✗', 'failed', 31],
  skipped: ['-', 'skipped', 90],
};

/** A status as a symbol on a terminal, as a word elsewhere. */
export function mark(status: Status, style: OutputStyle): string {
  const [symbol, word, colour] = marks[status];
  return style.symbols ? paint(symbol, colour, style) : word.padEnd(7);
}

/** Colours a text, where colour is shown. */
export function paint(text: string, colour: number, style: OutputStyle): string {
  return style.colour ? `\x1b[${colour}m${text}\x1b[0m` : text;
}

/** Text that stands out: a heading, a name. */
export function bold(text: string, style: OutputStyle): string {
  return paint(text, 1, style);
}
