import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteCommand } from '../../report/quote.ts';
import { type CommandResult, runCommand } from '../../system/run-command.ts';
import type { Ground } from '../apply/ground.ts';
import { startsByUnit } from './place.ts';
import { unitName } from './text.ts';

/** Longest wait for systemd, in milliseconds: its own patience with a stop is 30 seconds (`TimeoutStopSec=`). */
const patienceMs = 60_000;

/**
 * systemctl, for the system or for the caller's own manager.
 * @throws {Failure} 125 with its own words
 */
export async function systemctl(ground: Ground, words: readonly string[]): Promise<void> {
  const { argv, result } = await run(ground, words);
  if (result.kind === 'exited' && result.code === 0) return;
  const said = result.kind === 'exited' ? (result.stderr.trim().split('\n').at(-1) ?? '') : result.kind;
  throw new Failure(
    exitCodes.cannotRoute,
    `${escapeControls(quoteCommand(argv), 300)} failed (${escapeControls(said, 200)})`,
    [{ label: 'try it', text: quoteCommand(argv) }],
  );
}

/**
 * What systemd says of the container's unit (systemctl(1), `is-active`): `active`, `inactive`, `failed`, and while it
 * is on its way `activating` (that is also the time between a crash and the next start), `deactivating`, `reloading`.
 * @returns `undefined` where no unit of ours starts the container, or nobody can be asked: a user's systemd is out of
 * reach in a session that is none of its own (`su`, cron)
 */
export async function unitState(ground: Ground): Promise<string | undefined> {
  const { who, caller, wanted } = ground;
  if (!startsByUnit(who, caller.env, wanted.containerName)) return undefined;
  const { result } = await run(ground, ['is-active', unitName(wanted.containerName)]);
  // it prints the state, whichever it is, and by its exit code says only whether that is `active`
  return (result.kind === 'exited' && result.stdout.trim().split('\n')[0]) || undefined;
}

/** Does systemd have the unit in hand: would it start the container again if it was stopped past it? Pure. */
export function hasInHand(state: string | undefined): boolean {
  return state !== undefined && state !== 'inactive' && state !== 'failed';
}

async function run(
  { who, caller }: Ground,
  words: readonly string[],
): Promise<{ argv: readonly string[]; result: CommandResult }> {
  const argv = ['systemctl', ...(who.uid === 0 ? [] : ['--user']), ...words];
  return {
    argv,
    result: await runCommand(argv, { env: { ...caller.env, LC_ALL: 'C' }, timeoutMs: patienceMs }),
  };
}
