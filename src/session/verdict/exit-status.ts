import { commandPrefix } from '../../engine/access.ts';
import type { Cause } from '../../engine/cause.ts';
import { gatherCircumstances } from '../../engine/circumstances.ts';
import type { Container } from '../../engine/container.ts';
import { explainCause } from '../../engine/explain-cause.ts';
import { probe } from '../../engine/probe.ts';
import type { ProbeResult } from '../../engine/probe-result.ts';
import { askReadiness, numericUser } from '../../engine/readiness.ts';
import { formatFailure } from '../../report/failure.ts';
import { writeError } from '../../report/stderr.ts';
import { trace } from '../../report/trace.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import type { Environment } from '../../system/environment.ts';
import { sleep } from '../../system/sleep.ts';
import type { Address } from '../control/control-script.ts';
import {
  judgeExitStatus,
  needsNote,
  type Verdict,
  type Whereabouts,
  whereaboutsOf,
} from './judge-exit-status.ts';
import { copyNote, type NoteFinding, searchNote } from './note.ts';

type Ended = {
  readonly code: number;
  readonly address: Address;
  readonly container: Container;
  readonly bin: string;
  readonly route: ContainerRoute;
  /** when the session was to begin, in milliseconds since 1970 */
  readonly begunMs: number;
  /** the command line is so long that it may not have fitted */
  readonly long: boolean;
  /** nobody has looked at the container before: it was known */
  readonly recalled: boolean;
  /** the exec wrapper has said that hermes begins */
  readonly begun: boolean;
};

/**
 * Finds out whose exit code it is, where it may be the engine's own. Starts no hermes.
 * @returns `own`: it is hermes's; or the user, in numbers, by whom to try once more: only where the engine says that
 * there is no such user, and it is proven that nothing was started; or `not-started`, where that is proven and nobody
 * has looked at the container before
 * @throws {Failure} hermes was not started, or nobody can say whether it was: why, and what to do
 */
export async function attributeExitStatus(
  ended: Ended,
  env: Environment,
): Promise<'own' | 'not-started' | { readonly user: string }> {
  const { code, address, container, route } = ended;
  const { now, whereabouts, note: left } = await gatherEvidence(ended, env);
  // who has heard hermes begin needs no note
  const note = ended.begun && (left === 'none' || left === 'never') ? 'started' : left;
  const verdict = judgeExitStatus({ code, whereabouts, note });
  trace(() => `exit code ${code}: container ${whereabouts}, exec wrapper's note ${note}: ${verdict}`);
  if (ended.recalled && whereabouts === 'same' && provesNoStart.includes(note)) return 'not-started';
  const cause = await toCause(verdict, now, ended, env);
  if (cause === undefined) return 'own';
  if (cause.kind === 'user-missing' && note === 'never' && whereabouts === 'same') {
    const numbers = numericUser(container);
    if (numbers !== undefined && numbers !== address.user) return { user: numbers };
  }
  const failure = explainCause(cause, await gatherCircumstances(cause, route, env, 0));
  if (cause.kind !== 'session-lost') throw failure;
  writeError(formatFailure(failure));
  return 'own';
}

/** What says for certain that hermes was not run. */
const provesNoStart: readonly NoteFinding[] = ['never', 'missing', 'forbidden', 'failed'];

/** How often, and after how many milliseconds, a container is looked at again in which nothing can be executed. */
const looks = { most: 6, pauseMs: 200 } as const;

/** What a session that has ended left to be seen. */
type Evidence = {
  readonly now: ProbeResult;
  readonly whereabouts: Whereabouts;
  readonly note: NoteFinding;
};

/**
 * Looks where the container is and what the note says. A container that is dying is said to be running for a moment
 * more (measured, docker); but nothing can be executed in it any more, since the kernel lets nobody into a pid
 * namespace whose first process is gone. So where it runs and yet cannot be asked, it is looked at again.
 */
async function gatherEvidence(ended: Ended, env: Environment): Promise<Evidence> {
  const { code, address, container, begunMs, recalled } = ended;
  const id = recalled ? container.id : undefined;
  for (let look = 1; ; look += 1) {
    const now = await probe(address.via, container.name, { env, id });
    const whereabouts = whereaboutsOf(now, container, begunMs);
    const asks = needsNote(code, whereabouts, ended.long || address.via.access.kind === 'sudo');
    const running = whereabouts === 'same' || whereabouts === 'restarted';
    const find = () => (running ? searchNote(address, begunMs, env) : copyNote(address, env));
    const note = asks ? await find() : 'unknown';
    const settled = !asks || note !== 'unknown' || whereabouts !== 'same';
    if (settled || look === looks.most) return { now, whereabouts, note };
    await sleep(looks.pauseMs);
  }
}

/** The row of the table that a verdict stands for; `undefined`: nothing to tell, the code is hermes's. */
async function toCause(
  verdict: Verdict,
  now: ProbeResult,
  { address, container, bin, long }: Ended,
  env: Environment,
): Promise<Cause | undefined> {
  const { via, user } = address;
  const { engine } = via;
  const prefix = commandPrefix(via);
  const found = now.kind === 'found' && now.container.id === container.id ? now.container : undefined;
  switch (verdict) {
    case 'own':
      return undefined;
    case 'binary-missing':
      return { kind: verdict, engine, bin, prefix };
    case 'binary-not-executable':
    case 'not-started': {
      const known = verdict === 'binary-not-executable' && !long;
      const asked = known ? undefined : await askReadiness({ access: via, container, user, bin, env });
      // Where nothing is missing, what is long did not fit: into the container, whose limit may be smaller than ours (the
      // engines end with 1 then), into sudo, or with the secrets into hermes itself, which the wrapper could not start.
      if (asked === undefined && long) return { kind: 'shortage', engine, code: 'E2BIG' };
      if (verdict === 'binary-not-executable') return { kind: verdict, engine, bin, prefix };
      // where nothing is missing, the note was removed, by hermes or by a crowd's tidying: the code is hermes's
      return asked;
    }
    case 'not-running':
      if (found === undefined) return { kind: 'absent', engine };
      return found.state.status === 'paused'
        ? { kind: 'paused', engine, container: found, prefix }
        : { kind: 'not-running', engine, container: found, via };
    case 'lost':
      return { kind: 'session-lost', engine, prefix, state: found?.state };
    case 'fate-unknown': {
      const state = now.kind === 'daemon-down' ? 'engine-down' : found?.state;
      return { kind: 'fate-unknown', engine, prefix, state };
    }
  }
}
