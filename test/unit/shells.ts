import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findCommand } from '../../scripts/engines/command.ts';

/** A shell that somebody's /bin/sh may be, and how a program is run by it. */
export type Shell = { readonly name: string; readonly argv: readonly string[]; readonly argv0: string };

const all: readonly Shell[] = [
  { name: 'dash', argv: ['dash'], argv0: 'sh' },
  { name: 'busybox sh', argv: ['busybox', 'sh'], argv0: 'busybox' },
  // called sh it behaves as POSIX wants
  { name: 'bash', argv: ['bash'], argv0: 'sh' },
];

const missing = all.filter(({ argv: [command = ''] }) => findCommand(command) === null);
if (process.env.CI && missing.length > 0)
  throw new Error(`missing on this machine: ${missing.map(({ name }) => name).join(', ')}`);

/** Those that this machine has; in CI all of them. */
export const shells: readonly Shell[] = all.filter((shell) => !missing.includes(shell));

/** Runs a program by a shell: its words are what would stand behind `sh`. Returns what it printed. */
export function runBy(
  { argv: [file = '', ...front], argv0 }: Shell,
  words: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Buffer {
  const { status, stdout, stderr } = spawnSync(file, [...front, ...words], {
    argv0,
    env: { PATH: '/usr/bin:/bin', ...options.env },
    cwd: options.cwd ?? '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0 || stderr.length > 0) throw new Error(`${file} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Does this process ignore a signal of this number? (SigIgn, proc(5)) */
export function ignores(pid: number | undefined, signal: number): boolean {
  const mask = /^SigIgn:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
}
