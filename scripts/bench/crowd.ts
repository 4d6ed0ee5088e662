/** What many calls at once cost beside the bare engine. */
import { spawn } from 'node:child_process';
import type { Contestant } from './contestants.ts';
import { median } from './measure.ts';
import { identityOf, type Subject } from './subject.ts';

/** So many calls at once: milliseconds until all of them had ended, and how many of three tries' failed. */
export interface Crowd {
  calls: number;
  bare: { ms: number; failed: number };
  routed: { ms: number; failed: number };
}

/** Measures `calls` at once by the bare engine, then by hermes; each the median of three tries. */
export async function crowd(
  subject: Subject,
  bare: Contestant,
  routed: Contestant,
  calls: number,
): Promise<Crowd> {
  return {
    calls,
    bare: await together(subject, bare, calls),
    routed: await together(subject, routed, calls),
  };
}

async function together(
  subject: Subject,
  contestant: Contestant,
  calls: number,
): Promise<{ ms: number; failed: number }> {
  const tries: number[] = [];
  let failed = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const began = performance.now();
    const codes = await Promise.all(Array.from({ length: calls }, () => ended(subject, contestant)));
    tries.push(performance.now() - began);
    failed += codes.filter((code) => code !== 0).length;
  }
  return { ms: median(tries), failed };
}

function ended(subject: Subject, contestant: Contestant): Promise<number | null> {
  const [file = '', ...args] = contestant.argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...identityOf(subject, contestant), cwd: '/', stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
