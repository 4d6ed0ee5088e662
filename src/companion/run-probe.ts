import { execa } from 'execa';
import type { Environment } from '../route/inside.ts';

/** What a probe of the companion's own answered; `words` is the last line of its complaint. */
export type ProbeAnswer = { readonly ok: boolean; readonly stdout: string; readonly words: string };

/**
 * Runs a probe that the hot path does not make, with the caller's environment. Never throws for what it does.
 * @param timeoutMs after this many milliseconds it is ended
 */
export async function runProbe(
  argv: readonly string[],
  env: Environment,
  timeoutMs = 20_000,
): Promise<ProbeAnswer> {
  const [file = '', ...args] = argv;
  const result = await execa(file, args, {
    env: { ...env, LC_ALL: 'C' } as Record<string, string>,
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    reject: false,
    timeout: timeoutMs,
  });
  const said = result.stderr.trim().split('\n').at(-1) || result.shortMessage || '';
  return { ok: result.exitCode === 0, stdout: result.stdout, words: result.failed ? said : '' };
}
