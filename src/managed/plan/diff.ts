import { maskedLines } from './mask.ts';

/** How many unchanged lines stand around a change. */
const context = 2;

/**
 * The difference of two texts, line by line: ` ` stays, `-` goes, `+` comes; what is far from a change is left out.
 * Secrets are hidden, and told to have changed all the same. Pure.
 * @param yaml both are YAML
 */
export function lineDiff(before: string, after: string, yaml = false): readonly string[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const steps = walk(a, b);
  const shown = hide(steps, maskedLines(before, yaml), maskedLines(after, yaml));
  const near = steps.map((_, at) =>
    steps.slice(Math.max(0, at - context), at + context + 1).some(({ sign }) => sign !== ' '),
  );
  return steps.flatMap(({ sign }, at) => {
    if (near[at]) return [`${sign} ${shown[at]}`];
    return near[at - 1] ? ['…'] : [];
  });
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

type Step = { readonly sign: ' ' | '-' | '+'; readonly line: string };

/** The steps' lines as they are shown; one that both texts have is hidden where either hides it. */
function hide(steps: readonly Step[], old: readonly string[], fresh: readonly string[]): readonly string[] {
  let [i, j] = [0, 0];
  return steps.map(({ sign, line }) => {
    const [before = '', after = ''] = [old[i], fresh[j]];
    if (sign !== '+') i++;
    if (sign !== '-') j++;
    if (sign === '-') return before;
    return sign === '+' || after !== line ? after : before;
  });
}

/** The longest common subsequence, after what is alike at both ends is set aside. */
function walk(a: readonly string[], b: readonly string[]): readonly Step[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const [old, fresh] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const same = (lines: readonly string[]): Step[] => lines.map((line) => ({ sign: ' ', line }));
  const middle =
    old.length * fresh.length > 4_000_000
      ? [
          ...old.map((line): Step => ({ sign: '-', line })),
          ...fresh.map((line): Step => ({ sign: '+', line })),
        ]
      : middleSteps(old, fresh);
  return [...same(a.slice(0, head)), ...middle, ...same(a.slice(a.length - tail))];
}

function middleSteps(a: readonly string[], b: readonly string[]): Step[] {
  const length = [...Array(a.length + 1)].map(() => new Uint32Array(b.length + 1));
  const at = (i: number, j: number): number => length[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const row = length[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const steps: Step[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push({ sign: ' ', line: a[i] ?? '' });
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      steps.push({ sign: '-', line: a[i++] ?? '' });
    } else {
      steps.push({ sign: '+', line: b[j++] ?? '' });
    }
  }
  return steps;
}
