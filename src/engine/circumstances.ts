import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { ContainerRoute } from '../route/decide.ts';
import type { Environment } from '../route/inside.ts';
import type { Cause } from './cause.ts';
import { lastLogLines } from './container-log.ts';
import type { Circumstances } from './explain-cause.ts';

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
    userName: userName(),
    onNixos: existsSync('/etc/NIXOS'),
    waitedMs,
    nowMs: Date.now(),
    log: await logOf(cause, env),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '<user>');
  }
}

function logOf(cause: Cause, env: Environment): Promise<readonly string[]> | readonly string[] {
  if (cause.kind !== 'not-running' || cause.container.state.startedMs === undefined) return [];
  return lastLogLines(cause.via, cause.container.id, env);
}
