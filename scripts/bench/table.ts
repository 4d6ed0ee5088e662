/** The measurements as markdown. */
import type { EngineMode } from '../engines/modes.ts';
import type { Contestant } from './contestants.ts';
import { median, type Samples } from './measure.ts';
import type { Target } from './targets.ts';

export interface Column {
  mode: EngineMode;
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
    return `the bare engine: \`${key === 'inspect' ? 'inspect' : 'exec'}\``;
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

/** What was reached, against what may be. */
export function targetsTable(targets: readonly Target[]): string {
  const shown = ({ value, unit }: Pick<Target, 'value' | 'unit'>) =>
    unit === '×' ? value.toFixed(2) : `${value.toFixed(1)} ${unit}`;
  return [
    '| | | target |',
    '|---|--:|--:|',
    ...targets.map(
      ({ what, value, most, unit }) =>
        `| ${what} | ${shown({ value, unit })} | ≤ ${shown({ value: most, unit })} ${value <= most ? '✓' : '✗'} |`,
    ),
  ].join('\n');
}
