/** What a container's shims leave on the host. */
import { readFileSync } from 'node:fs';
import type { ManagedContainer } from './container.ts';
import { hostProcesses, until } from './host.ts';

/** Clients, watchdogs and control scripts that are still there after a while (their environment has the home). */
export async function leftovers(container: ManagedContainer, ms = 20_000): Promise<string[]> {
  const ours = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HERMES_HOME=${container.home}\0`);
    } catch {
      return false; // ended meanwhile, or not ours to look into
    }
  };
  const named = (): string[] =>
    hostProcesses()
      .filter(({ argv }) => argv.some((word) => /^hermes-(wrapper|watchdog|control)$/.test(word)))
      .filter(({ pid, argv }) => argv.includes(container.id) || ours(pid))
      .map(({ argv }) => argv.join(' '));
  let last: string[] = [];
  const isClean = () => {
    last = named();
    return last.length === 0;
  };
  await until(isClean, { what: 'the host to be clean', ms }).catch(() => undefined);
  return last;
}
