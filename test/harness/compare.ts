/** The same thing done twice: with the probe on this host, and with the shim. What a caller can tell apart is a difference. */
import { join } from 'node:path';
import type { CallOptions, Ended, Running } from './call.ts';
import type { ManagedContainer } from './container.ts';
import { hostProcesses, signalAll, until } from './host.ts';
import { nodeDir } from './installed.ts';

/** Local: the host's copy of the probe stands under the name hermes. */
export type Side = 'local' | 'shim';

/** What the shell that called saw of it, and who is still there. Pids are taken out of the output: they differ. */
export type Seen = Pick<Ended, 'exitCode' | 'signal' | 'stdout' | 'stderr'> & { survivors: string[] };

/** An environment in which `hermes` is the one of that side. */
export function sideEnv(container: ManagedContainer, side: Side): Record<string, string> {
  const path = container.identity().env.PATH ?? '';
  const local = `${join(container.packageDir, 'bin')}:${nodeDir()}:${container.caller.env.PATH}`;
  return { PATH: side === 'local' ? local : path };
}

/** Calls hermes on one side, leading a process session of its own, so that whoever it leaves behind can be told. */
export async function start(
  container: ManagedContainer,
  side: Side,
  args: readonly string[],
  options: CallOptions = {},
): Promise<Running> {
  const env = { ...sideEnv(container, side), ...options.env };
  if (side === 'shim') return container.session(args, { detached: true, ...options, env });
  return container.call([join(container.packageDir, 'bin/hermes'), ...args], {
    detached: true,
    ...options,
    env,
  });
}

/** Waits for the end of one side's call and tells what was seen of it. */
export async function see(container: ManagedContainer, side: Side, running: Running): Promise<Seen> {
  const { exitCode, signal, stdout, stderr } = await running.ended;
  const named = [...stdout.matchAll(/\b\d+\b/g)].map(([pid]) => Number(pid));
  const left = async () =>
    side === 'shim'
      ? await container.sessionProcesses()
      : hostProcesses().filter(({ pid, sid }) => sid === running.pid || named.includes(pid));
  // who is about to end gets the time for it; once nobody is there nobody survives: a question of the shim's may come later
  const ended = async () => (await left()).length === 0;
  const survivors = await until(ended, { what: 'everyone to end', ms: 2000 }).then(
    () => [],
    async () => (await left()).map(({ argv }) => argv.join(' ')).sort(),
  );
  return { exitCode, signal, stdout: stdout.replace(/\b\d+\b/g, 'N'), stderr, survivors };
}

/** Ends what one side's call left behind on purpose. */
export async function endSurvivors(container: ManagedContainer, side: Side, running: Running): Promise<void> {
  const left =
    side === 'shim'
      ? await container.sessionProcesses()
      : hostProcesses().filter(({ sid }) => sid === running.pid);
  signalAll(
    left.map(({ pid }) => pid),
    'SIGKILL',
  );
}
