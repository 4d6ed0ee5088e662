/** Measuring: hyperfine in turns, so that whatever else the machine does falls on all alike. */
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../engines/command.ts';
import type { Contestant } from './contestants.ts';
import type { Subject } from './subject.ts';

/** Milliseconds of every run, by contestant. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface Plan {
  /** Every contestant has its turn once a round. */
  rounds: number;
  /** Measured runs a turn; one more warms up. */
  runs: number;
  dir: string;
}

/** Runs all contestants of a subject as its caller. Throws where one of them fails. */
export async function measure(
  subject: Subject,
  contestants: readonly Contestant[],
  { rounds, runs, dir }: Plan,
): Promise<Samples> {
  const samples = new Map<string, number[]>(contestants.map(({ key }) => [key, []]));
  // hyperfine runs as the caller, who may not write elsewhere.
  mkdirSync(join(dir, 'results'), { recursive: true });
  chmodSync(join(dir, 'results'), 0o777);
  const file = join(dir, 'results/last.json');
  for (let round = 0; round < rounds; round++) {
    for (const { key, argv, env } of contestants) {
      const { caller } = subject;
      const flags = ['-N', '--style=none', '--warmup=1', `--runs=${runs}`, `--export-json=${file}`];
      await must(['hyperfine', ...flags, argv.map(quoted).join(' ')], {
        ...caller,
        env: { ...caller.env, ...env },
        timeoutMs: 600_000,
      });
      const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: { times: number[] }[] };
      rmSync(file);
      samples.get(key)?.push(...(results[0]?.times ?? []).map((seconds) => seconds * 1000));
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1] ?? sorted[middle], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** hyperfine -N splits as a shell would. */
const quoted = (word: string) =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
