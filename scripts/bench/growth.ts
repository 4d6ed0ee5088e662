/** What many calls at once cost beside the bare engine, and what one waiting session holds in memory. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { processesBelow } from '../engines/processes.ts';
import { median } from './measure.ts';
import type { Subject } from './subject.ts';

/** Milliseconds until `count` calls that start at once have all ended, the median of three tries; and how many failed. */
export async function together(
  subject: Subject,
  argv: readonly string[],
  count: number,
): Promise<{ ms: number; failed: number }> {
  const tries: number[] = [];
  let failed = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const began = performance.now();
    const codes = await Promise.all(Array.from({ length: count }, () => ended(subject, argv)));
    tries.push(performance.now() - began);
    failed += codes.filter((code) => code !== 0).length;
  }
  return { ms: median(tries), failed };
}

function ended({ caller }: Subject, [file = '', ...args]: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...caller, cwd: '/', stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

/** Of one process on the host, in MB. */
export interface Memory {
  who: string;
  resident: number;
  /** What nobody shares: what one more session costs. */
  own: number;
}

/** Starts one session that waits, and reads what the shim, its watchdog and the engine's client hold. */
export async function memoryOfASession(subject: Subject, hermes: string): Promise<Memory[]> {
  const { caller } = subject;
  const child = spawn(hermes, [], { ...caller, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const began = Date.now();
  let family: Memory[] = [];
  while (Date.now() - began < 10_000 && !family.some(({ who }) => who === 'watchdog')) {
    await pause(200);
    family = familyOf(child.pid ?? 0);
  }
  await pause(500);
  family = familyOf(child.pid ?? 0);
  child.kill('SIGTERM');
  await gone;
  return family;
}

const familyOf = (pid: number) => [pid, ...processesBelow([pid]).map((below) => below.pid)].flatMap(memoryOf);

function memoryOf(pid: number): Memory[] {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
    const who = words.includes('hermes-watchdog') ? 'watchdog' : (words[0] ?? '').replace(/.*\//, '');
    const own = field('Private_Clean') + field('Private_Dirty');
    return [{ who, resident: field('Rss') / 1024, own: own / 1024 }];
  } catch {
    return [];
  }
}
