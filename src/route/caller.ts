import type { Environment } from './inside.ts';
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
};

/** What the launcher puts in front of the name of what it sets aside. */
export const setAside = 'HERMES_SHIM_SET_ASIDE_';
const launcherNotes = ['HERMES_SHIM_LAUNCHER', 'HERMES_SHIM_SIGIGN', 'HERMES_SHIM_OPEN'];

/** The environment without the launcher's notes, and with what the launcher set aside under its own name again. */
export function restoreEnvironment(env: Environment): Environment {
  const restored: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(env)) {
    if (launcherNotes.includes(key)) continue;
    restored[key.startsWith(setAside) ? key.slice(setAside.length) : key] = value;
  }
  return restored;
}

/** Bit n-1 of the mask stands for signal n (proc(5), SigIgn). Numbers: signal(7), the same on every Linux. */
const bits: ReadonlyArray<readonly [IgnorableSignal, bigint]> = [
  ['SIGHUP', 1n << 0n],
  ['SIGINT', 1n << 1n],
  ['SIGQUIT', 1n << 2n],
];

/** Reads the `SigIgn` mask that the launcher noted, in hexadecimal; anything else counts as nothing ignored. */
export function ignoredSignals(mask: string | undefined): readonly IgnorableSignal[] {
  if (mask === undefined || !/^[0-9a-f]{1,32}$/.test(mask)) return [];
  const value = BigInt(`0x${mask}`);
  return bits.filter(([, bit]) => (value & bit) !== 0n).map(([signal]) => signal);
}

/**
 * Collects what this process knows of its caller.
 * @param argv `process.argv`: node, bundle, name, then the caller's own arguments
 */
export function readCaller(argv: readonly string[], env: Environment, uid: number): Caller {
  return {
    name: toName(argv[2] ?? 'hermes'),
    args: argv.slice(3),
    env: restoreEnvironment(env),
    ignored: ignoredSignals(env.HERMES_SHIM_SIGIGN),
    launcher: env.HERMES_SHIM_LAUNCHER,
    uid,
  };
}
