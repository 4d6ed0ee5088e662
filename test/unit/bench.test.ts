import { describe, expect, it } from 'vitest';
import { toChart } from '../../scripts/bench/chart.ts';
import type { Growth } from '../../scripts/bench/growth.ts';
import { growthTables } from '../../scripts/bench/growth-table.ts';
import { median } from '../../scripts/bench/measure.ts';
import { type Column, targetsTable, timesTable } from '../../scripts/bench/table.ts';
import { targetsOf } from '../../scripts/bench/targets.ts';
import type { EngineMode } from '../../scripts/engines/modes.ts';

/** A way in which each contestant always took so many milliseconds. */
function column(mode: EngineMode, title: string, times: Record<string, number>): Column {
  const contestants = Object.keys(times).map((key) => ({
    key,
    label: `**\`${key}\`**, <${mode}>`,
    argv: [],
  }));
  const samples = new Map(
    Object.entries(times).map(([key, ms]) => [key, { wall: [ms, ms, ms + 50], cpu: [ms / 2] }]),
  );
  return { mode, title, contestants, samples };
}

const docker = column('docker', 'docker', {
  ...{
    bare: 100,
    bash: 150,
    python: 170,
    api: 120,
    routed: 130,
    fast: 101,
    node: 30,
    program: 2,
    native: 38,
  },
});
const podman = column('podman-root', 'podman as root', {
  bare: 200,
  routed: 250,
  node: 30,
  program: 2,
  native: 42,
});

const growth: Growth = {
  crowds: [
    { calls: 1, bare: { ms: 100, failed: 0 }, routed: { ms: 130, failed: 0 } },
    { calls: 50, bare: { ms: 2000, failed: 0 }, routed: { ms: 2400, failed: 1 } },
  ],
  waiting: [
    {
      by: '`hermes`',
      family: [
        { who: 'node', resident: 44, own: 8 },
        { who: 'watchdog', resident: 2, own: 0.25 },
      ],
    },
  ],
  streams: [{ way: 'from hermes to `/dev/null`', bare: 1000, routed: 1300 }],
};

describe('the benchmark', () => {
  it('takes the middle one of what it measured, or between the two in the middle', () => {
    expect(median([30, 10, 20])).toBe(20);
    expect(median([40, 10, 20, 30])).toBe(25);
    expect(median([])).toBeNaN();
  });

  it('tells each way’s medians and their ratio to the bare exec of the same way', () => {
    const lines = timesTable([docker, podman], 'wall').split('\n');
    expect(lines[0]).toBe('| ms, median (ratio to the bare exec) | docker | podman as root |');
    expect(lines.find((line) => line.includes('130'))).toContain('| 130 (1.30) | 250 (1.25) |');
    // a way without such a contestant has an empty cell
    expect(lines.find((line) => line.includes('api'))).toMatch(/\| 120 \(1\.20\) \| {2}\|$/);
  });

  it('holds each way against its own targets, and says which are missed', () => {
    const table = targetsTable([...targetsOf(docker, growth), ...targetsOf(podman)]).split('\n');
    expect(table.slice(2)).toEqual([
      '| docker: `hermes` ÷ the bare exec | 1.30 | ≤ 1.35 ✓ |',
      '| docker: `hermes` ÷ the bash function | 0.87 | ≤ 1.00 ✓ |',
      '| docker: `hermes` ÷ the Python script | 0.76 | ≤ 1.00 ✓ |',
      '| docker: fast executable ÷ the bare exec | 1.01 | ≤ 1.00 ✗ |',
      '| docker: `hermes` over node that does the same by the API | 10.0 ms | ≤ 12.0 ms ✓ |',
      '| docker: native, over `node -e 0` + the program | 6.0 ms | ≤ 8.0 ms ✓ |',
      '| docker: 50 at once ÷ as many bare | 1.20 | ≤ 1.15 ✗ |',
      '| docker: a waiting session, resident | 46.0 MB | ≤ 48.0 MB ✓ |',
      '| docker: 1 GB from hermes to `/dev/null` ÷ bare | 1.30 | ≤ 1.20 ✗ |',
      '| podman as root: `hermes` over exec + `node -e 0` | 20.0 ms | ≤ 15.0 ms ✗ |',
      '| podman as root: native, over `node -e 0` + the program | 10.0 ms | ≤ 8.0 ms ✗ |',
    ]);
  });

  it('leaves a target out where its number was not measured', () => {
    const { fast: _, ...samples } = Object.fromEntries(docker.samples);
    const targets = targetsOf({ ...docker, samples: new Map(Object.entries(samples)) });
    expect(targets.map(({ what }) => what).join()).not.toContain('fast');
    expect(targets.every(({ value }) => Number.isFinite(value))).toBe(true);
  });

  it('tells what many calls at once take, and sums a session’s memory over all its processes', () => {
    const text = growthTables('docker', growth);
    expect(text).toContain('| 50 | 2000 | 2400 | 1.20 | 0, 1 |');
    expect(text).toContain('| `hermes`: node | 44.0 | 8.0 |');
    expect(text).toContain('| **`hermes`: all of them** | 46.0 | 8.3 |');
    expect(text).toContain('| from hermes to `/dev/null` | 1000 | 1300 | 1.30 |');
  });
});

describe('the bar chart', () => {
  const svg = toChart([docker, podman], '2 × CPU <x>, node v20');
  const bars = [...svg.matchAll(/<rect class="(\w+)" x="(\d+)" [^>]*width="(\d+)"/g)].map(
    ([, kind, x, width]) => ({ kind, x: Number(x), width: Number(width) }),
  );

  it('has a bar for each way to call hermes, as long as its median, all on one scale', () => {
    expect(bars.map(({ kind }) => kind)).toEqual([
      ...['other', 'other', 'other', 'other', 'ours', 'ours'],
      ...['other', 'ours'],
    ]);
    const perMs = bars.map(({ width }, at) => width / ([100, 150, 170, 120, 130, 101, 200, 250][at] ?? 0));
    for (const one of perMs) expect(one).toBeCloseTo(perMs[7] ?? 0, 1);
    expect(svg).toContain('>130 ms (1.30)</text>');
  });

  it('keeps to its picture, in words that a picture can carry, with colours for light and dark', () => {
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
    for (const bar of bars) expect(bar.x + bar.width + 100).toBeLessThanOrEqual(width);
    expect(svg).toContain('routed, &lt;docker&gt;</text>');
    expect(svg).toContain('2 × CPU &lt;x&gt;, node v20');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/[`*]|NaN|undefined|<script|href|@import/);
  });
});
