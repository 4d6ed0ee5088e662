/** What a terminal has shown when: rows of text, and from when to when each stood there. */
import { screenOf } from '../../test/harness/screen.ts';

/** Output that arrived at a time, in milliseconds. */
export interface Chunk {
  readonly atMs: number;
  readonly text: string;
}

/** A row of the terminal with one content; `untilMs` is undefined where it is the last. */
export interface Row {
  readonly index: number;
  readonly text: string;
  readonly fromMs: number;
  readonly untilMs: number | undefined;
}

/** Nobody watches a program wait for longer than this. */
const longestMs = 1500;
/** What a new scene and what a command that was typed leave to read, at least. */
const [beforeSceneMs, afterCommandMs] = [1400, 600];

/** The same output at a pace to read along: waits are cut, each new scene and each command gets a moment. */
export function paced(chunks: readonly Chunk[]): readonly Chunk[] {
  const pieces = chunks.flatMap(({ atMs, text }) =>
    text
      .split(/(?<!\r)(?=\r?\n# )|(?<=\n\$ [^\n]*\n)/)
      .filter(Boolean)
      .map((piece) => ({ atMs, text: piece })),
  );
  let [shownMs, arrivedMs, before] = [0, pieces[0]?.atMs ?? 0, ''];
  return pieces.map(({ atMs, text }) => {
    const least = /^\r?\n# /.test(text) ? beforeSceneMs : /^\$ |\n\$ /.test(before) ? afterCommandMs : 0;
    shownMs += Math.max(least, Math.min(longestMs, atMs - arrivedMs));
    [arrivedMs, before] = [atMs, text];
    return { atMs: Math.round(shownMs), text };
  });
}

/** Plays the output on a terminal, and notes each content of each row. Rows that were never written are left out. */
export function rowsOf(chunks: readonly Chunk[], cols: number): readonly Row[] {
  const rows: Row[] = [];
  const current = new Map<number, Row>();
  let output = '';
  for (const { atMs, text } of chunks) {
    output += text;
    screenOf(output, cols).lines.forEach((line, index) => {
      const last = current.get(index);
      if (line === (last?.text ?? '')) return;
      if (last !== undefined) rows.push({ ...last, untilMs: atMs });
      current.set(index, { index, text: line, fromMs: atMs, untilMs: undefined });
    });
  }
  return [...rows, ...current.values()]
    .filter(({ fromMs, untilMs }) => fromMs !== untilMs)
    .sort((one, other) => one.index - other.index || one.fromMs - other.fromMs);
}
