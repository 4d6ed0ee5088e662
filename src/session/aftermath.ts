import { type EngineAccess, engineCommand } from '../engine/access.ts';
import type { Cause } from '../engine/cause.ts';
import { gatherCircumstances } from '../engine/circumstances.ts';
import type { Container } from '../engine/container.ts';
import { explainCause } from '../engine/explain-cause.ts';
import { probe } from '../engine/probe.ts';
import { commandPrefix, numericUser, saysUserMissing } from '../engine/readiness.ts';
import { runCommand } from '../engine/run-command.ts';
import { formatFailure } from '../report/failure.ts';
import { writeError } from '../report/stderr.ts';
import { trace } from '../report/trace.ts';
import type { ContainerRoute } from '../route/decide.ts';
import type { Environment } from '../route/inside.ts';
import type { Engine } from '../route/metadata.ts';
import { type NoteState, readNotes } from './doorman.ts';
import type { Address } from './messenger.ts';

/** What an ambiguous exit code really meant. */
type Aftermath =
  /** hermes's own */
  | { readonly kind: 'own' }
  /** hermes was not started */
  | { readonly kind: 'not-started'; readonly cause: Cause }
  /** the container went away under a running session */
  | { readonly kind: 'container-gone'; readonly cause: Cause };

type Ended = {
  readonly code: number;
  readonly address: Address;
  readonly container: Container;
  readonly bin: string;
  readonly route: ContainerRoute;
};

/**
 * Settles an exit code that may be the engine's own.
 * @returns `own`: it is hermes's; or the user, in numbers, by whom to try once more, since nothing was started
 * @throws {Failure} hermes was not started: why, and what to do
 */
export async function settleAftermath(
  ended: Ended,
  env: Environment,
): Promise<'own' | { readonly user: string }> {
  const aftermath = await askAftermath(ended, env);
  if (aftermath.kind === 'own') return 'own';
  const { cause } = aftermath;
  if (aftermath.kind === 'not-started' && cause.kind === 'user-missing') {
    const numbers = numericUser(ended.container);
    if (numbers !== undefined && numbers !== ended.address.user) return { user: numbers };
  }
  const failure = explainCause(cause, await gatherCircumstances(cause, ended.route, env, 0));
  if (aftermath.kind === 'not-started') throw failure;
  writeError(formatFailure(failure));
  return 'own';
}

async function askAftermath({ code, address, container, bin }: Ended, env: Environment): Promise<Aftermath> {
  const { via, containerId, user, sessionId } = address;
  const now = await probe(via, container.name, { env });
  trace(
    () => `exit code ${code}: the container is ${now.kind === 'found' ? now.container.state.word : now.kind}`,
  );
  const gone = goneCause(now, container, via);
  if (gone !== undefined)
    return { kind: code === 1 || code === 255 ? 'not-started' : 'container-gone', cause: gone };
  // docker's 1 is "no such container" and "not running", which it is
  if (code === 1 || code === 137 || code === 143) return { kind: 'own' };
  const words = [
    'exec',
    '-u',
    user,
    '-w',
    '/',
    containerId,
    '/bin/sh',
    '-c',
    readNotes,
    'hermes-errand',
    sessionId,
    user,
  ];
  const notes = await runCommand(engineCommand(via, words), { env, timeoutMs: 20_000 });
  if (notes.kind !== 'exited') return { kind: 'own' };
  const state = toNoteState(notes.stdout);
  trace(() => `the doorman's note says: ${state ?? 'nothing'}`);
  const cause = causeOf(
    state,
    { engine: via.engine, bin, prefix: commandPrefix(via) },
    `${notes.stdout}\n${notes.stderr}`,
  );
  return cause === undefined ? { kind: 'own' } : { kind: 'not-started', cause };
}

function causeOf(
  state: NoteState | undefined,
  about: { engine: Engine; bin: string; prefix: string },
  words: string,
): Cause | undefined {
  switch (state) {
    case 'missing':
      return { kind: 'binary-missing', ...about };
    case 'forbidden':
    case 'failed':
      return { kind: 'binary-not-executable', ...about };
    case 'started':
      return undefined;
    case undefined:
      return saysUserMissing(words)
        ? { kind: 'user-missing', engine: about.engine, prefix: about.prefix }
        : undefined;
  }
}

function goneCause(
  now: Awaited<ReturnType<typeof probe>>,
  before: Container,
  via: EngineAccess,
): Cause | undefined {
  const { engine } = via;
  switch (now.kind) {
    case 'absent':
      return { kind: 'absent', engine };
    case 'daemon-down':
      return { kind: 'daemon-down', engine, detail: now.detail };
    case 'found': {
      const { container } = now;
      const { status, startedMs } = container.state;
      if (status === 'paused') return { kind: 'paused', engine, container, prefix: commandPrefix(via) };
      if (status !== 'running' || container.id !== before.id || startedMs !== before.state.startedMs) {
        return { kind: 'not-running', engine, container, via };
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

function toNoteState(stdout: string): NoteState | undefined {
  const word = stdout.trim().split(' ')[3];
  return word === 'started' || word === 'failed' || word === 'missing' || word === 'forbidden'
    ? word
    : undefined;
}
