/** What a terminal shows after it has received some bytes: just enough of ECMA-48 for a line that moves. */

export interface Screen {
  /** Its lines, without trailing blanks; empty lines at the end are left out. */
  lines: string[];
  cursorVisible: boolean;
}

/** Plays bytes on a terminal of so many columns. Throws on a control sequence that it does not know. */
export function screenOf(output: string, cols = 80): Screen {
  const rows: string[][] = [[]];
  let [row, col, cursorVisible] = [0, 0, true];
  const at = () => {
    while (rows.length <= row) rows.push([]);
    return rows[row] as string[];
  };
  const pattern = /\x1b\[(\??)([\d;]*)([A-Za-z])|[\s\S]/gu;
  for (const [piece, priv, numbers = '', letter] of output.matchAll(pattern)) {
    if (letter !== undefined) {
      const n = Number.parseInt(numbers, 10) || 1;
      if (priv === '?') {
        if (numbers === '25') cursorVisible = letter === 'h';
      } else if (letter === 'G') col = n - 1;
      else if (letter === 'A') row = Math.max(0, row - n);
      else if (letter === 'K') at().splice(numbers === '1' ? 0 : numbers === '2' ? 0 : col);
      else if (letter !== 'm') throw new Error(`an unknown sequence: ${JSON.stringify(piece)}`);
    } else if (piece === '\r') col = 0;
    else if (piece === '\n') row += 1;
    else {
      if (col >= cols) [row, col] = [row + 1, 0];
      const line = at();
      while (line.length < col) line.push(' ');
      line[col] = piece;
      col += 1;
    }
  }
  const lines = rows.map((line) => line.join('').trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return { lines, cursorVisible };
}

/**
 * What a terminal received besides the spinner of a wait. A slow engine makes any call wait a moment: the shim then
 * hides the cursor, draws, clears its line and shows the cursor again; and shows it once more as it ends.
 */
export const withoutSpinner = (output: string): string =>
  output.replace(/\x1b\[\?25l[\s\S]*?\x1b\[\?25h|\x1b\[\?25h$/g, '');
