import { posix } from 'node:path';

/** The three names under which the shim is called. */
export type Name = 'hermes' | 'hermes-agent' | 'hermes-acp';

/** Takes the called name apart from anything else a launcher may be called (a symlink named otherwise is `hermes`). */
export function toName(word: string): Name {
  return word === 'hermes-agent' || word === 'hermes-acp' ? word : 'hermes';
}

/**
 * What to run in the container for a name. `hermes-acp` is `hermes acp`, its documented equivalent, since not
 * every layout has a sibling binary; `hermes-agent` lies beside hermes.
 */
export function commandInContainer(
  name: Name,
  hermesBin: string,
  args: readonly string[],
): { readonly bin: string; readonly args: readonly string[] } {
  switch (name) {
    case 'hermes':
      return { bin: hermesBin, args };
    case 'hermes-agent':
      return { bin: posix.join(posix.dirname(hermesBin), 'hermes-agent'), args };
    case 'hermes-acp':
      return { bin: hermesBin, args: ['acp', ...args] };
  }
}
