import type { Argv } from 'yargs';

/** Shells that completion scripts are made for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * Makes the completion script of a shell. yargs chooses by `SHELL`, when the script is made and at each completion,
 * though that names the login shell, not the one that asks: so the script says which one it is.
 * @param build makes a command line parser anew, since yargs looks at `SHELL` when it is made
 */
export function completionScript(shell: Shell, build: () => Argv<unknown>): string {
  const { SHELL, ZSH_NAME } = process.env;
  const { log } = console;
  const lines: string[] = [];
  try {
    process.env.SHELL = shell;
    delete process.env.ZSH_NAME;
    console.log = (text: string) => void lines.push(text);
    build().showCompletionScript();
  } finally {
    console.log = log;
    restore('SHELL', SHELL);
    restore('ZSH_NAME', ZSH_NAME);
  }
  const call = 'hermes-shim --get-yargs-completions';
  const script = lines
    .join('\n')
    .replaceAll(call, `SHELL=${shell} ZSH_NAME= ${call}`)
    .replaceAll('hermes-shim completion', `hermes-shim completion ${shell}`)
    .replace(/^# {4}or .* on OSX\.\n/m, '')
    // yargs wants the command's name too, and the word that is being typed even where it is still empty
    .replace('(commandline -o)[2..-1]', '(commandline -opc) (commandline -ct)');
  return `${script.trimEnd()}\n`;
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
