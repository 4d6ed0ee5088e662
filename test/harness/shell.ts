/** A person's interactive shell in a terminal, in which hermes is called by name. */
import { join } from 'node:path';
import { sideEnv } from './compare.ts';
import type { ManagedContainer } from './container.ts';
import { hostProcesses } from './host.ts';
import { installShim } from './installed.ts';
import { openTerminal } from './pty.ts';

/** An interactive bash in a terminal, with the shim's hermes on its PATH. */
export async function openShell(container: ManagedContainer) {
  await installShim();
  const { env, ...identity } = container.identity();
  const settings = { ...env, ...sideEnv(container, 'shim'), PS1: 'prompt> ', TERM: 'xterm', HISTFILE: '' };
  const terminal = await openTerminal({
    argv: ['bash', '--norc', '--noprofile', '-i'],
    env: settings,
    ...identity,
  });
  await terminal.waitFor('prompt> ');
  return {
    ...terminal,
    /** Types a line and waits for what it brings. */
    async type(line: string, what: string | RegExp) {
      const from = terminal.output().length;
      terminal.write(`${line}\r`);
      await terminal.waitFor(what, { from });
    },
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

/** The shims that were called from this terminal: node on the installed bundle, in its process session. */
export function shimsOf({ pid: sid }: { pid: number }): number[] {
  const isShim = (argv: readonly string[]) => argv.some((word) => word.endsWith(join('dist', 'hermes.cjs')));
  return hostProcesses()
    .filter((one) => one.sid === sid && isShim(one.argv))
    .map(({ pid }) => pid);
}
