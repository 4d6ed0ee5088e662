/** What runs in a container. From the host's /proc where we are root: without an exec, so that looking changes nothing. */
import { readlinkSync } from 'node:fs';
import type { CommandResult } from '../../scripts/engines/command.ts';
import { hostProcesses, type ProcessFacts, parseProcess } from '../../scripts/engines/processes.ts';

/** Every process that shares the pid namespace of `init`, a host pid. Root only. */
export function processesOf(init: number): ProcessFacts[] {
  const namespace = (pid: number) => readlinkSync(`/proc/${pid}/ns/pid`);
  const theirs = namespace(init);
  return hostProcesses((pid) => {
    try {
      return namespace(pid) === theirs;
    } catch {
      // Ended while we looked.
      return false;
    }
  });
}

/** stat, status and cmdline of every process, in hex, one process a line; not of the shell that looks nor its children. */
const listing = `
for p in /proc/[0-9]*; do
  read -r stat <$p/stat || continue
  set -- \${stat##*) }
  [ "$4" = $$ ] && continue
  for f in stat status cmdline; do printf '%s ' "$(od -An -v -tx1 $p/$f | tr -d ' \\n')"; done
  echo
done 2>/dev/null`;

/** The same by an exec in the container, for who is not root. Pids are those inside. */
export async function askProcesses(
  exec: (argv: readonly string[]) => Promise<CommandResult>,
): Promise<ProcessFacts[]> {
  const { stdout } = await exec(['/bin/sh', '-c', listing]);
  return stdout
    .split('\n')
    .map((line) => line.split(' ').map((hex) => Buffer.from(hex, 'hex').toString()))
    .filter(([stat = '', status = '']) => stat !== '' && status !== '')
    .map(([stat = '', status = '', cmdline = '']) => parseProcess(stat, status, cmdline))
    .filter(({ state }) => state !== 'Z');
}
