import type { ContainerScript, EngineAccess } from '../engine/access.ts';
import { transportOf } from '../engine/transport/transport.ts';
import type { Environment } from '../system/environment.ts';
import { type CommandResult, runCommand } from '../system/run-command.ts';

/** What a probe of the companion's own answered. */
export type ProbeAnswer = {
  readonly ok: boolean;
  readonly stdout: string;
  /** the last line of its complaint */
  readonly words: string;
  /** there was no answer in time */
  readonly late: boolean;
};

/**
 * Runs a probe that the hot path does not make, with the caller's environment. Never throws for what it does.
 * @param timeoutMs after this many milliseconds it is ended
 */
export async function runProbe(
  argv: readonly string[],
  env: Environment,
  timeoutMs = 20_000,
): Promise<ProbeAnswer> {
  return toProbeAnswer(await runCommand(argv, { env: { ...env, LC_ALL: 'C' }, timeoutMs }));
}

/** The same for a few lines of sh in a container, by whatever way the engine is spoken to. */
export async function runScriptProbe(
  via: EngineAccess,
  script: ContainerScript,
  env: Environment,
  timeoutMs = 20_000,
): Promise<ProbeAnswer> {
  return toProbeAnswer(await transportOf(via, { ...env, LC_ALL: 'C' }).runScript(script, { timeoutMs }));
}

function toProbeAnswer(result: CommandResult): ProbeAnswer {
  const ok = result.kind === 'exited' && result.code === 0;
  const stdout = result.kind === 'exited' ? result.stdout.replace(/\n$/, '') : '';
  return { ok, stdout, words: ok ? '' : complaintOf(result), late: result.kind === 'timed-out' };
}

function complaintOf(result: CommandResult): string {
  switch (result.kind) {
    case 'not-started':
      return `could not be started (${result.code})`;
    case 'timed-out':
      return `no answer in ${Math.round(result.waitedMs / 1000)} s`;
    case 'exited':
      return result.stderr.trim().split('\n').at(-1) || `exit code ${result.code}`;
  }
}
