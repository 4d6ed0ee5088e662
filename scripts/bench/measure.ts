/** Measuring: hyperfine in turns, so that whatever else the machine does falls on all alike. */
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../engines/command.ts';
import type { Contestant } from './contestants.ts';
import { identityOf, type Subject } from './subject.ts';

/** Milliseconds by contestant: of every run, and what a turn's runs took of the processors, in their mean. */
export type Samples = ReadonlyMap<string, { wall: number[]; cpu: number[] }>;

export interface Plan {
  /** Every contestant has its turn once a round. */
  rounds: number;
  /** Measured runs a turn; one more warms up. */
  runs: number;
  dir: string;
}

/** What hyperfine says of one command, in seconds. */
interface Result {
  times: number[];
  user: number;
  system: number;
}

/** Runs all contestants of a subject as its caller. Throws where one of them fails. */
export async function measure(
  subject: Subject,
  contestants: readonly Contestant[],
  { rounds, runs, dir }: Plan,
): Promise<Samples> {
  const samples = new Map(contestants.map(({ key }) => [key, { wall: [] as number[], cpu: [] as number[] }]));
  // hyperfine runs as the caller, who may not write elsewhere.
  mkdirSync(join(dir, 'results'), { recursive: true });
  chmodSync(join(dir, 'results'), 0o777);
  const file = join(dir, 'results/last.json');
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const { key, argv } = contestant;
      const flags = ['-N', '--style=none', '--warmup=1', `--runs=${runs}`, `--export-json=${file}`];
      await must(['hyperfine', ...flags, argv.map(quoted).join(' ')], {
        ...identityOf(subject, contestant),
        timeoutMs: 600_000,
      });
      const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: Result[] };
      rmSync(file);
      for (const { times, user, system } of results) {
        samples.get(key)?.wall.push(...times.map((seconds) => seconds * 1000));
        samples.get(key)?.cpu.push((user + system) * 1000);
      }
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
