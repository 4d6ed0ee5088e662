import { transportOf } from '../../engine/transport/transport.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { trace } from '../../report/trace.ts';
import type { Environment } from '../../system/environment.ts';
import type { CommandResult } from '../../system/run-command.ts';
import { sleep } from '../../system/sleep.ts';
import type { Forwarded } from '../plan/environment.ts';
import type { Outcome } from '../verdict/settle.ts';
import bringSecrets from './bring-secrets.sh';
import type { Address } from './control-script.ts';
import { openSessionControl } from './session-control.ts';

/*
 * Engines write an exec's environment down: podman into its database and a file that stays, docker's runc into a file
 * for a moment (measured). So secrets go by the stdin of an exec of their own (`bring-secrets.sh`), into a FIFO that the
 * exec wrapper made and reads before it becomes hermes. Both execs start at the same time.
 */

/** How handing over went. `refused`: the engine did not run `bring-secrets.sh` to its end, in its words. */
export type HandOver = 'taken' | 'nowhere' | 'late' | { readonly refused: string };

/** Reads what came of `bring-secrets.sh`. */
export function toHandOver(result: CommandResult): HandOver {
  if (result.kind === 'timed-out') return { refused: 'no answer in time' };
  if (result.kind === 'not-started') return { refused: result.code };
  const said = result.stdout.trim().split('\n').at(-1) ?? '';
  if (said === 'taken' || said === 'nowhere' || said === 'late') return said;
  // docker says on stdout what podman says on stderr
  const words = result.stderr.trim().split('\n').at(-1) || (said === 'ready' ? '' : said);
  return { refused: words || `exit code ${result.code}` };
}

/** Secrets as the exec wrapper reads them: a line each, the value as a printf format, and a dot at the end. */
export function formatSecrets(secret: Forwarded['secret']): string {
  return `${secret.map(([name, format]) => `${name}=${format}\n`).join('')}.\n`;
}

/** Longest time that bringing them may take, in milliseconds: it gives up by itself before. */
const bringMs = 45_000;

/** For how long bringing is waited for where the session has ended, in milliseconds. */
const afterMs = 3000;

/** By this a session ends that was killed here; by another code it ended by itself, as where there is no such user. */
const killedCode = 137;

/** By this the exec wrapper ends where it can have no FIFO. */
const withoutSecrets = 125;

/**
 * Hands secrets to a session that was just started. Where they cannot be handed over, the session is ended: hermes has
 * not begun, since the exec wrapper waits for the last of them.
 * @throws {Failure} 125 when they could not be handed over: an error, not a loss
 */
export async function handSecrets(
  session: Promise<Outcome>,
  { secret, address, env }: { secret: Forwarded['secret']; address: Address; env: Environment },
): Promise<Outcome> {
  const over = new AbortController();
  const { containerId, user, sessionId, via } = address;
  const script = { containerId, user, script: bringSecrets, name: 'hermes-secrets', args: [sessionId, user] };
  const answer = (): string => formatSecrets(secret);
  let ended = false;
  let refused: Exclude<HandOver, 'taken'> | undefined;
  const options = { timeoutMs: bringMs, signal: over.signal, answer };
  const handing = transportOf(via, env)
    .runScript(script, options)
    .then(async (result) => {
      const handed = toHandOver(result);
      trace(() => `secrets: ${typeof handed === 'string' ? handed : handed.refused}`);
      // where no FIFO can be the exec wrapper ends by itself
      if (handed === 'taken' || handed === 'nowhere' || ended) return handed;
      refused = handed;
      await openSessionControl(address, env, { clientEnded: () => ended }).kill();
      return handed;
    });
  try {
    const outcome = await session;
    ended = true;
    if (!outcome.unattributed) return outcome;
    const late = sleep(afterMs, { ref: false }).then(() => 'late' as const);
    const handed = await Promise.race([handing, late]);
    if (handed === 'taken') return outcome;
    const { ending } = outcome;
    // where the engine runs neither of the two, its reason is looked for by the session's exit code
    const said = refused ?? handed;
    const byWrapper = typeof said !== 'object' && ending.kind === 'code' && ending.code === withoutSecrets;
    const byKill = ending.kind === 'signal' || ending.code === killedCode;
    if ((refused && byKill) || byWrapper) throw notHanded(said);
    return outcome;
  } finally {
    over.abort();
  }
}

function notHanded(handed: Exclude<HandOver, 'taken'>): Failure {
  const why =
    typeof handed === 'object'
      ? escapeControls(handed.refused, 160)
      : handed === 'late'
        ? 'the session did not come up in 30 s'
        : 'the container has no place for a FIFO: neither /tmp nor /dev/shm can be written, or it lacks mkfifo';
  return new Failure(
    exitCodes.cannotRoute,
    `what HERMES_SHIM_FORWARD_ENV lists could not be handed to hermes (${why}), so hermes was not started`,
    [
      {
        label: 'leave it out',
        text: 'env -u HERMES_SHIM_FORWARD_ENV hermes …   # hermes also reads <home>/.env',
      },
    ],
  );
}
