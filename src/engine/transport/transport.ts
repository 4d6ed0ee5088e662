import type { Environment } from '../../system/environment.ts';
import type { Patience } from '../../system/patience.ts';
import { type CommandResult, runCommand } from '../../system/run-command.ts';
import {
  type Api,
  type ContainerScript,
  type EngineAccess,
  engineCommand,
  scriptCommand,
} from '../access.ts';
import { copyByApi, type Limit, logsByApi, stateByApi } from './api/container.ts';
import { runScriptByApi } from './api/script.ts';

/** How a script is run in a container. */
export type ScriptOptions = {
  readonly timeoutMs: number | Patience;
  /** ends it early */
  readonly signal?: AbortSignal | undefined;
  /** it is given up when a signal ends us */
  readonly tied?: boolean;
  /** what to write to its stdin when it has printed its first line; without it stdin is /dev/null */
  readonly answer?: ((line: string) => string) | undefined;
};

/**
 * What is asked of an engine about one container besides a probe and a session. Every answer has the form of a command
 * that ended, with what an engine's client would print; nothing throws for what comes of it.
 */
export type Transport = {
  /** Runs a few lines of sh in the container. */
  readonly runScript: (script: ContainerScript, options: ScriptOptions) => Promise<CommandResult>;
  /** The container's state, in the engine's one word. */
  readonly state: (containerId: string, limit: Limit) => Promise<CommandResult>;
  /** The last lines of its log, with their times. */
  readonly logs: (containerId: string, count: number, limit: Limit) => Promise<CommandResult>;
  /** A directory of it as a tar archive, also where it does not run. */
  readonly copyOut: (containerId: string, path: string, limit: Limit) => Promise<CommandResult>;
};

/**
 * The way to speak to an engine: its API where it answered there, else its client.
 * @param env for the client
 */
export function transportOf(via: EngineAccess, env: Environment): Transport {
  return via.api ? apiTransport(via.api) : clientTransport(via, env);
}

function apiTransport(api: Api): Transport {
  return {
    runScript: (script, options) => runScriptByApi(api, script, options),
    state: (containerId, limit) => stateByApi(api, containerId, limit),
    logs: (containerId, count, limit) => logsByApi(api, containerId, count, limit),
    copyOut: (containerId, path, limit) => copyByApi(api, containerId, path, limit),
  };
}

/** The command that asks for a container's state, in one word. */
export function stateCommand(via: EngineAccess, containerId: string): readonly string[] {
  return engineCommand(via, ['inspect', '--type', 'container', '--format', '{{.State.Status}}', containerId]);
}

function clientTransport(via: EngineAccess, env: Environment): Transport {
  return {
    runScript: (script, options) =>
      runCommand(scriptCommand(via, script, options.answer ? ['-i'] : []), { env, ...options }),
    state: (containerId, limit) => runCommand(stateCommand(via, containerId), { env, ...limit }),
    logs: (containerId, count, limit) =>
      runCommand(engineCommand(via, ['logs', '--timestamps', '--tail', String(count), containerId]), {
        ...{ env, ...limit, tied: true },
      }),
    copyOut: (containerId, path, limit) =>
      runCommand(engineCommand(via, ['cp', `${containerId}:${path}`, '-']), { env, ...limit }),
  };
}
