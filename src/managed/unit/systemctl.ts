import { existsSync } from 'node:fs';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteCommand } from '../../report/quote.ts';
import { type CommandResult, runCommand } from '../../system/run-command.ts';
import type { Context } from '../apply/context.ts';
import { startsByUnit } from './place.ts';
import { unitName } from './text.ts';

/** Longest wait for systemd, in milliseconds: its own patience with a stop is 30 seconds (`TimeoutStopSec=`). */
const patienceMs = 60_000;

/**
 * systemctl, for the system or for the caller's own manager.
 * @throws {Failure} 125 with its own words
 */
export async function systemctl(context: Context, words: readonly string[]): Promise<void> {
  const { argv, result } = await run(context, words);
  if (result.kind === 'exited' && result.code === 0) return;
  const said = result.kind === 'exited' ? (result.stderr.trim().split('\n').at(-1) ?? '') : result.kind;
  throw new Failure(
    exitCodes.cannotRoute,
    `${escapeControls(quoteCommand(argv), 300)} failed (${escapeControls(said, 200)})`,
    [{ label: 'try it', text: quoteCommand(argv) }],
  );
}

/** What is known of the container's unit. */
export type UnitState =
  /** no unit of ours starts the container, or the systemd that would do it does not run */
  | { readonly kind: 'none' }
  /** it is there, and the systemd that has it cannot be asked */
  | { readonly kind: 'unreachable' }
  /**
   * systemd's own word (systemctl(1), `is-active`): `active`, `inactive`, `failed`, and while it is on its way `activating`
   * (that is also the time between a crash and the next start), `deactivating`, `reloading`
   */
  | { readonly kind: 'known'; readonly word: string };

/** Asks systemd for the unit of the container, or of the one that had another name before. */
export async function unitState(
  context: Context,
  containerName = context.wanted.containerName,
): Promise<UnitState> {
  const { who, caller } = context;
  if (!startsByUnit(who, caller.env, containerName)) return { kind: 'none' };
  const { result } = await run(context, ['is-active', unitName(containerName)]);
  // a user's systemd runs as long as they are logged in, or linger; it makes this directory
  return toUnitState(result, who.uid === 0 || existsSync(`/run/user/${who.uid}/systemd`));
}

/**
 * What an answer of `is-active` means. It prints the state, whichever it is; nothing where systemd cannot be asked, as that
 * of a user in a session that is none of its own (`su`, cron). Pure.
 * @param managerRuns does the systemd run that has the unit?
 */
export function toUnitState(result: CommandResult, managerRuns: boolean): UnitState {
  const word = result.kind === 'exited' ? (result.stdout.trim().split('\n')[0] ?? '') : '';
  if (word !== '') return { kind: 'known', word };
  return { kind: managerRuns ? 'unreachable' : 'none' };
}

/** Does systemd have the unit in hand: would it start the container again if it was stopped past it? Pure. */
export function hasInHand(state: UnitState): boolean {
  return state.kind === 'known' && state.word !== 'inactive' && state.word !== 'failed';
}

/** The failure where a container shall stop, and systemd, which cannot be asked, would start it again. Pure. */
export function unreachable({
  who: { uid },
  caller: { env },
  wanted: { containerName },
  command,
}: Pick<Context, 'who' | 'wanted' | 'command'> & {
  readonly caller: Pick<Context['caller'], 'env'>;
}): Failure {
  const unit = unitName(containerName);
  const lost = uid !== 0 && env.XDG_RUNTIME_DIR !== `/run/user/${uid}`;
  return new Failure(
    exitCodes.cannotRoute,
    `${unit} looks after container '${containerName}', and systemd cannot be asked from here${lost ? ' (as in su and cron)' : ''}: what stops the container past it may be undone by it`,
    [
      lost
        ? { label: 'so that it can', text: `XDG_RUNTIME_DIR=/run/user/$(id -u) ${command}` }
        : { label: 'try it', text: `systemctl ${uid === 0 ? '' : '--user '}is-active ${unit}` },
    ],
  );
}

async function run(
  { who, caller }: Context,
  words: readonly string[],
): Promise<{ argv: readonly string[]; result: CommandResult }> {
  const argv = ['systemctl', ...(who.uid === 0 ? [] : ['--user']), ...words];
  return {
    argv,
    result: await runCommand(argv, { env: { ...caller.env, LC_ALL: 'C' }, timeoutMs: patienceMs }),
  };
}
