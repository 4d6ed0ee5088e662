import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { ContainerRoute } from '../route/decide.ts';
import type { Environment } from '../route/inside.ts';
import { engineCommand } from './access.ts';
import type { Cause } from './cause.ts';
import type { Circumstances } from './explain-cause.ts';
import { runCommand } from './run-command.ts';

/** How many log lines of a container that does not run are shown. */
const logLines = 3;

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
    log: cause.kind === 'not-running' ? await lastLog(cause, env) : [],
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '<user>');
  }
}

async function lastLog(
  cause: Extract<Cause, { kind: 'not-running' }>,
  env: Environment,
): Promise<readonly string[]> {
  if (cause.container.state.startedMs === undefined) return [];
  const argv = engineCommand(cause.via, ['logs', '--tail', String(logLines), cause.container.id]);
  const result = await runCommand(argv, { env, timeoutMs: 5000 });
  if (result.kind !== 'exited' || result.code !== 0) return [];
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-logLines);
}
