/** A person's interactive shell in a terminal, in which hermes is called by name. */
import { join } from 'node:path';
import { sideEnv } from './compare.ts';
import type { ManagedContainer } from './container.ts';
import { hostProcesses } from './host.ts';
import { installShim } from './installed.ts';
import { openTerminal } from './pty.ts';
import { type View, viewedCommand } from './view.ts';

/** An interactive bash in a terminal, with the shim's hermes on its PATH. With `view` root's tests alone can have it. */
export async function openShell(container: ManagedContainer, view?: View) {
  await installShim();
  const { env, cwd, ...person } = container.identity();
  const settings = { ...env, ...sideEnv(container, 'shim'), PS1: 'prompt> ', TERM: 'xterm', HISTFILE: '' };
  const bash = ['bash', '--norc', '--noprofile', '-i'];
  // root opens the terminal then, but it is the caller's, as always
  const owned = { ...view, last: `${view?.last ?? ''}\nchown ${container.caller.uid} "$(tty)"` };
  const started = view ? { argv: viewedCommand(container.caller, owned, bash) } : { argv: bash, ...person };
  const terminal = await openTerminal({ ...started, env: settings, cwd });
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

/** The shims that were called from this terminal: node on the installed bundle, or an executable, in its process session. */
export function shimsOf({ pid: sid }: { pid: number }): number[] {
  const files = [join('dist', 'hermes.cjs'), `hermes-shim-linux-${process.arch}`];
  const isShim = (argv: readonly string[]) => argv.some((word) => files.some((file) => word.endsWith(file)));
  return hostProcesses()
    .filter((one) => one.sid === sid && isShim(one.argv))
    .map(({ pid }) => pid);
}

/** The only one of them. Throws where there is none: a signal to no pid in particular would be for the tests themselves. */
export function shimOf(shell: { pid: number }): number {
  const [pid, ...more] = shimsOf(shell);
  if (pid === undefined || more.length > 0) throw new Error('there is not one shim in the terminal');
  return pid;
}
