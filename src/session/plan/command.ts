import { type Api, type EngineAccess, engineCommand } from '../../engine/access.ts';
import { type ExecRequest, knowsSize, type Size } from '../../engine/transport/api/exec.ts';
import type { Engine } from '../../route/metadata.ts';
import type { Connection } from './descriptors.ts';
import type { Forwarded } from './environment.ts';
import { type Instructions, wrapperWords } from './exec-wrapper.ts';

/** All that decides a session's command line. */
export type Plan = {
  readonly via: EngineAccess;
  readonly containerId: string;
  readonly connection: Connection;
  readonly forwarded: Forwarded;
  /** the profile's home in the container, where the caller's `HERMES_HOME` names a profile */
  readonly profileHome: string | undefined;
  /** the caller's terminal has a size */
  readonly sized: boolean;
  readonly instructions: Omit<Instructions, 'connection' | 'lateSize' | 'sized' | 'greets'>;
};

/**
 * By default the engines hold back Ctrl-P, the key that readline and prompt_toolkit use for "previous line".
 * podman takes an empty sequence; docker takes empty as its default, so it gets one that nobody types.
 */
const detachKeys: Readonly<Record<Engine, string>> = { docker: 'ctrl-^,ctrl-@,ctrl-^,ctrl-@', podman: '' };

/** The session's mark, and the profile's home; as `NAME=value`. */
function ownVariables({ instructions, profileHome }: Plan): readonly string[] {
  const mark = `HERMES_SHIM_SESSION=${instructions.sessionId}`;
  return profileHome === undefined ? [mark] : [mark, `HERMES_HOME=${profileHome}`];
}

/** The words that set the session's environment. Secrets are not among them: engines write these down. */
function environmentWords(plan: Plan): readonly string[] {
  const direct = plan.via.access.kind !== 'sudo';
  const { plain } = plan.forwarded;
  const own = ownVariables(plan);
  // sudo empties the environment, so there the value has to be said; direct, the client takes it from its own
  const named = plain.map(([name, value]) => (direct ? name : `${name}=${value}`));
  return [...own, ...named].flatMap((word) => ['-e', word]);
}

/**
 * The exact command that starts the session by the engine's client.
 * @param greets where the exec wrapper says that it runs; never in a terminal session, whose outputs are one
 */
export function sessionCommand(plan: Plan, greets?: 'stderr'): readonly string[] {
  const { engine } = plan.via;
  const { connection, instructions } = plan;
  const terminal = connection.terminal ? ['-t', `--detach-keys=${detachKeys[engine]}`] : [];
  const size = { lateSize: engine === 'docker', sized: plan.sized };
  const words = wrapperWords({ ...instructions, connection, ...size, greets });
  return engineCommand(plan.via, [
    'exec',
    '-i',
    ...terminal,
    '-u',
    instructions.user,
    // a container's own directory may be gone, and then the engines start nothing; the exec wrapper's `cd` does the rest
    '-w',
    '/',
    ...environmentWords(plan),
    plan.containerId,
    '/bin/sh',
    ...words,
  ]);
}

/**
 * The same for the engine's API. There podman, too, takes an empty key sequence for its default, so it gets
 * docker's.
 * @param size the caller's terminal's, where it has one
 */
export function sessionRequest(plan: Plan, api: Api, size: Size | undefined): ExecRequest {
  const { connection, instructions, forwarded } = plan;
  // podman and newer dockers make the terminal with its size
  const lateSize = !api.libpod && !knowsSize(api);
  const words = wrapperWords({ ...instructions, connection, lateSize, sized: plan.sized, greets: 'stdout' });
  return {
    containerId: plan.containerId,
    user: instructions.user,
    command: ['/bin/sh', ...words],
    env: [...ownVariables(plan), ...forwarded.plain.map(([name, value]) => `${name}=${value}`)],
    stdin: connection.stdin === 'inherit',
    terminal: connection.terminal ? { detachKeys: detachKeys.docker, size } : undefined,
  };
}
