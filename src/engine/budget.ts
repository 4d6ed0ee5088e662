import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Environment } from '../system/environment.ts';

/** How long people and scripts wait for a container that is coming up, in milliseconds. */
const patience = { person: 5000, script: 10_000 } as const;

/** Longest wait that may be asked for: a day. */
const longestSeconds = 86_400;

/**
 * The wait budget in milliseconds: `HERMES_SHIM_WAIT` in seconds where it is set, else by who waits.
 * @param interactive stdin and stdout are terminals
 * @throws {Failure} 125 when the variable is no number of seconds
 */
export function waitBudgetMs(env: Environment, interactive: boolean): number {
  const asked = env.HERMES_SHIM_WAIT;
  if (asked === undefined || asked === '') return interactive ? patience.person : patience.script;
  const seconds = /^\d+(\.\d+)?$/.test(asked) ? Number(asked) : Number.NaN;
  if (!(seconds <= longestSeconds)) {
    throw new Failure(
      exitCodes.cannotRoute,
      `HERMES_SHIM_WAIT is '${escapeControls(asked, 40)}', which is ${seconds > longestSeconds ? `more than a day (${longestSeconds})` : 'no number of seconds'}`,
      [{ label: 'for example', text: 'HERMES_SHIM_WAIT=30 hermes …   (0: do not wait)' }],
    );
  }
  return seconds * 1000;
}
