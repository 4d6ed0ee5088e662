import type { EngineAccess } from '../../engine/access.ts';
import { gatherCircumstances } from '../../engine/circumstances.ts';
import { explainCause } from '../../engine/explain-cause.ts';
import { exitCodes, Failure, formatFailure, lackOf } from '../../report/failure.ts';
import { writeError } from '../../report/stderr.ts';
import type { Caller } from '../../route/caller.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import type { Ending, Fate } from './ending.ts';

/**
 * Tells why a session was ended that went on: an output could not be written, or the connection broke. A reader that
 * closed its pipe is told nothing, as by any program.
 * @returns how the shim ends
 */
export async function tellAbandoned(abandoned: {
  readonly ending: Ending;
  readonly fate: Extract<Fate, { is: 'alive' }>;
  readonly via: EngineAccess;
  readonly route: ContainerRoute;
  readonly caller: Caller;
}): Promise<Ending> {
  const { ending, fate, via, route, caller } = abandoned;
  if (ending.kind === 'signal') return ending;
  if (fate.unwritten !== undefined) {
    const lack = lackOf(fate.unwritten, exitCodes.cannotRun, 'the session was ended');
    writeError(formatFailure(lack ?? unwritable(fate.unwritten, ending.code)));
    return lack ? { kind: 'code', code: lack.exitCode } : ending;
  }
  const cause = { kind: 'connection-lost', engine: via.engine, socket: via.api?.socket ?? '' } as const;
  const failure = explainCause(cause, await gatherCircumstances(cause, route, caller.env, 0));
  writeError(formatFailure(failure));
  return { kind: 'code', code: failure.exitCode };
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would become too large',
  EIO: 'input/output error',
};

function unwritable(code: string, exitCode: number): Failure {
  const why = words[code] ?? 'the system refuses';
  return new Failure(exitCode, `the output could not be written (${why}, ${code}), so hermes was ended`, [
    { label: 'room left', text: 'df -h   # and: quota' },
  ]);
}
