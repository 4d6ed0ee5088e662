/** The measurements as markdown. */
import type { Contestant } from './contestants.ts';
import { median, type Samples } from './measure.ts';

export interface Column {
  title: string;
  contestants: readonly Contestant[];
  samples: Samples;
}

const ms = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

const titles = { wall: 'ms, median', cpu: 'ms of processor time, without the daemon' };

/** A row a contestant, a column a way: the median, and its ratio to the bare exec of the same way. */
export function timesTable(columns: readonly Column[], what: keyof typeof titles): string {
  const keys = [...new Set(columns.flatMap(({ contestants }) => contestants.map(({ key }) => key)))];
  const label = (key: string) => {
    const labels = columns.flatMap(({ contestants }) =>
      contestants.filter((contestant) => contestant.key === key).map((contestant) => contestant.label),
    );
    const [first = key] = labels;
    if (new Set(labels).size === 1) return first;
    return key === 'bare' ? 'the bare engine: `exec`' : 'the bare engine: `inspect`';
  };
  const cell = ({ samples }: Column, key: string) => {
    const times = samples.get(key)?.[what];
    if (times === undefined) return '';
    const ratio = median(times) / median(samples.get('bare')?.[what] ?? []);
    return `${ms(median(times))} (${ratio.toFixed(2)})`;
  };
  return [
    `| ${titles[what]} (ratio to the bare exec) | ${columns.map(({ title }) => title).join(' | ')} |`,
    `|---|${columns.map(() => '--:|').join('')}`,
    ...keys.map((key) => `| ${label(key)} | ${columns.map((column) => cell(column, key)).join(' | ')} |`),
  ].join('\n');
}

/** What the shim adds beyond its parts, against what it may add. */
export function targetsTable(columns: readonly Column[]): string {
  const rows = columns.flatMap(({ title, samples }) => {
    const at = (key: string) => median(samples.get(key)?.wall ?? []);
    // podman has no daemon to ask: its inspect is a process, and part of the price
    const parts = title.startsWith('docker') ? ['bare', 'node'] : ['inspect', 'bare', 'node'];
    const sum = (keys: readonly string[]) => keys.map(at).reduce((total, value) => total + value, 0);
    return [
      { what: `${title}: routed`, parts, over: at('routed') - sum(parts), most: 15 },
      {
        what: `${title}: native`,
        parts: ['node', 'program'],
        over: at('native') - sum(['node', 'program']),
        most: 8,
      },
    ];
  });
  const names: Record<string, string> = {
    bare: 'exec',
    program: 'the program',
    node: '`node -e 0`',
    inspect: 'inspect',
  };
  return [
    '| | parts | over its parts, ms | target, ms |',
    '|---|---|--:|--:|',
    ...rows.map(
      ({ what, parts, over, most }) =>
        `| ${what} | ${parts.map((part) => names[part]).join(' + ')} | ${over.toFixed(1)} | ≤ ${most} ${over <= most ? '✓' : '✗'} |`,
    ),
  ].join('\n');
}
