import { existsSync } from 'node:fs';
import type { ContainerRoute } from '../route/decide.ts';
import type { Environment } from '../system/environment.ts';
import { realPath } from '../system/real-path.ts';
import { ownUserName } from '../system/user-name.ts';
import type { Cause } from './cause.ts';
import { composeCommand, serviceCommand } from './compose.ts';
import { lastLogLines } from './container-log.ts';
import { type KeeperCommand, keeperCommand } from './keeper.ts';

/** What the words of a failure need beside its cause. */
export type Circumstances = {
  readonly containerName: string;
  readonly execUser: string;
  /** the metadata or pin that named the container */
  readonly file: string;
  /** who calls, for rules and group membership */
  readonly userName: string;
  readonly onNixos: boolean;
  /** `hermes-shim up` makes and keeps the container: how its commands begin for who calls */
  readonly keptBy?: KeeperCommand | undefined;
  /** how long it was waited for, in milliseconds; 0 when it was not */
  readonly waitedMs: number;
  readonly nowMs: number;
  /** the container's last log lines, for one that does not run */
  readonly log: readonly string[];
  /** what to type to compose, where it made the container */
  readonly compose?: ComposeCommands | undefined;
};

/** Commands to paste. */
type ComposeCommands = { readonly start: string; readonly restart: string; readonly logs: string };

/** Gathers what the words of a failure need. Only when there is a failure to tell. */
export async function gatherCircumstances(
  cause: Cause,
  route: ContainerRoute,
  env: Environment,
  waitedMs: number,
): Promise<Circumstances> {
  return {
    containerName: route.metadata.containerName,
    execUser: route.metadata.execUser,
    file: route.file,
    userName: ownUserName() ?? String(process.getuid?.() ?? '<user>'),
    onNixos: existsSync('/etc/NIXOS'),
    keptBy: keeperCommand(route.file),
    waitedMs,
    nowMs: Date.now(),
    log: await logOf(cause, env),
    compose: composeCommands(cause, route),
  };
}

function composeCommands(cause: Cause, { metadata }: ContainerRoute): ComposeCommands | undefined {
  const { service } = metadata;
  const command = (words: string): string | undefined => {
    if ('container' in cause) return composeCommand(cause.container, cause.engine, words, realPath);
    // only the metadata's word is left, and the container can write that: it names no file
    const tool = 'engine' in cause && cause.engine === 'podman' ? 'podman compose' : 'docker compose';
    return service && serviceCommand(service, words, tool);
  };
  const [start, restart, logs] = ['up -d', 'restart', 'logs --tail 20'].map(command);
  return start && restart && logs ? { start, restart, logs } : undefined;
}

function logOf(cause: Cause, env: Environment): Promise<readonly string[]> | readonly string[] {
  if (cause.kind !== 'not-running' || cause.container.state.startedMs === undefined) return [];
  return lastLogLines(cause.via, cause.container.id, env);
}
