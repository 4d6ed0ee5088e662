import { readFileSync } from 'node:fs';
import type { Environment } from '../system/environment.ts';
import { statField } from '../system/stat.ts';
import { type Name, toName } from './name.ts';

/** Signals that a caller may have ignored on purpose and that must stay ignored (`nohup`, `&` in scripts). */
export type IgnorableSignal = 'SIGHUP' | 'SIGINT' | 'SIGQUIT';

/** Who called us and how, as it was before the launcher and node touched anything. */
export type Caller = {
  readonly name: Name;
  readonly args: readonly string[];
  /** the environment as the caller had it: what the launcher set aside for node's sake is back */
  readonly env: Environment;
  readonly ignored: readonly IgnorableSignal[];
  /** the launcher's path as the launcher saw it; `undefined` when node was started on the bundle by hand */
  readonly launcher: string | undefined;
  readonly uid: number;
  /** this process's `/proc/self/stat`, from before node changed what is ignored */
  readonly stat: string;
  readonly noted: NotedDescriptors;
};

/**
 * The launcher's lists of descriptors, as it wrote them; `undefined` without a launcher. Only by `open` is a closed one
 * known, since node opens /dev/null in its place; `terminals` spares node's `tty` (0.4 ms).
 */
export type NotedDescriptors = { readonly open: string | undefined; readonly terminals: string | undefined };

/** What the launcher puts in front of the name of what it sets aside. */
export const setAside = 'HERMES_SHIM_SET_ASIDE_';
const launcherNotes = [
  'HERMES_SHIM_LAUNCHER',
  'HERMES_SHIM_STAT',
  'HERMES_SHIM_OPEN',
  'HERMES_SHIM_TERMINALS',
];

/** The environment without the launcher's notes, and with what the launcher set aside under its own name again. */
export function restoreEnvironment(env: Environment): Environment {
  const restored: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(env)) {
    if (launcherNotes.includes(key)) continue;
    restored[key.startsWith(setAside) ? key.slice(setAside.length) : key] = value;
  }
  return restored;
}

/** Bit n-1 of a mask stands for signal n. Numbers: signal(7), the same on every Linux. */
const bits: ReadonlyArray<readonly [IgnorableSignal, number]> = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGQUIT', 4],
];

/** Which signals a process with this `/proc/<pid>/stat` ignores (field 33, in decimal: signals 1 to 31). */
export function ignoredSignals(stat: string): readonly IgnorableSignal[] {
  const mask = Number(statField(stat, 33));
  return bits.filter(([, bit]) => (mask & bit) !== 0).map(([signal]) => signal);
}

/**
 * The launcher's note of what it was, and we still are; without it (node started by hand) what we are now. Where /proc
 * is of another pid namespace than ours, it calls us by another number.
 */
function ownStat(noted: string | undefined, pid: number): string {
  const isOf = (number: number | string): boolean => noted?.startsWith(`${number} (`) === true;
  if (noted !== undefined && isOf(pid)) return noted;
  try {
    const now = readFileSync('/proc/self/stat', 'utf8');
    return noted !== undefined && isOf(now.slice(0, now.indexOf(' '))) ? noted : now;
  } catch {
    return ''; // a native hermes runs without /proc, too
  }
}

/**
 * Collects what this process knows of its caller.
 * @param argv `process.argv`: node, bundle, name, then the caller's own arguments
 */
export function readCaller(
  argv: readonly string[],
  env: Environment,
  { uid, pid }: { uid: number; pid: number },
): Caller {
  const stat = ownStat(env.HERMES_SHIM_STAT, pid);
  return {
    name: toName(argv[2] ?? 'hermes'),
    args: argv.slice(3),
    env: restoreEnvironment(env),
    ignored: ignoredSignals(stat),
    launcher: env.HERMES_SHIM_LAUNCHER,
    uid,
    stat,
    noted: { open: env.HERMES_SHIM_OPEN, terminals: env.HERMES_SHIM_TERMINALS },
  };
}
