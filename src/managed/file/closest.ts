/** The word of a list that a person most likely meant: at most two letters away, or the same but for case. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const limit = word.length < 5 ? 1 : 2;
  const [best] = words
    .map((other) => ({ other, away: distance(word.toLowerCase(), other.toLowerCase()) }))
    .filter(({ away }) => away <= limit)
    .sort((a, b) => a.away - b.away);
  return best?.other;
}

/** Damerau's distance: letters changed, added, left out, or two neighbours exchanged. */
function distance(a: string, b: string): number {
  const rows: number[][] = [...Array(a.length + 1)].map((_, i) =>
    [...Array(b.length + 1)].map((__, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(i - 2, j - 2) + 1);
      const row = rows[i];
      if (row) row[j] = least;
    }
  }
  return at(a.length, b.length);
}
