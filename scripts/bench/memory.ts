/** What one waiting session holds in memory on the host: the shim, its watchdog, the engine's client. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { processesBelow } from '../engines/processes.ts';
import type { Subject } from './subject.ts';

/** Of one process, in MB. */
export interface Memory {
  who: string;
  resident: number;
  /** What nobody shares: what one more session costs. */
  own: number;
}

/** Of all of them. */
export const sumOf = (family: readonly Memory[]): Omit<Memory, 'who'> => ({
  resident: family.reduce((sum, { resident }) => sum + resident, 0),
  own: family.reduce((sum, { own }) => sum + own, 0),
});

/** Starts one session that waits, and reads what its processes hold. */
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
