import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { withIgnored } from './ignore-signals.ts';

/** Starts a `cat` between two descriptors, on which these signals have no effect. */
export function startCat(ignored: readonly NodeJS.Signals[], options: SpawnOptions): ChildProcess {
  const [command = '', ...args] = withIgnored(['cat'], ignored);
  return spawn(command, args, options);
}
