/** What yargs knows of the companion's commands, read from the help that it prints. */
import { buildParser } from '../../src/companion/parser.ts';

/** A row of a help's list: what is typed, and what it means. */
export type HelpRow = { readonly term: string; readonly says: string };

export interface CommandHelp {
  /** The command's own name; empty for hermes-shim itself. */
  readonly name: string;
  /** As its help begins: `hermes-shim enable`. */
  readonly usage: string;
  readonly describes: string;
  readonly commands: readonly HelpRow[];
  readonly positionals: readonly HelpRow[];
  /** Without --help and --version, which every command has; those are with hermes-shim itself. */
  readonly options: readonly HelpRow[];
  readonly examples: readonly HelpRow[];
}

/** hermes-shim's own help, then that of each command in the order of its list. */
export async function readCommands(): Promise<readonly CommandHelp[]> {
  const own = parseHelp('', await helpOf(''));
  const names = own.commands.map(({ term }) => term.split(' ')[1] ?? '');
  const helps = await Promise.all(names.map(async (name) => parseHelp(name, await helpOf(name))));
  const everywhere = (term: string): boolean => own.options.some((option) => option.term === term);
  return [
    own,
    ...helps.map((help) => ({ ...help, options: help.options.filter(({ term }) => !everywhere(term)) })),
  ];
}

async function helpOf(name: string): Promise<string> {
  let text = '';
  await buildParser([], () => undefined)
    .wrap(null)
    .parse(`${name} --help`, (_error: unknown, _given: unknown, output: string) => {
      text = output;
    });
  return text;
}

/** Takes a help apart; it must not be wrapped. */
export function parseHelp(name: string, help: string): CommandHelp {
  const [usage = '', describes = '', ...lists] = help.split('\n\n');
  const rows = (heading: string): readonly HelpRow[] => {
    const list = lists.find((one) => one.startsWith(`${heading}:\n`)) ?? '';
    return list
      .split('\n')
      .slice(1)
      .map((line) => {
        const [term = '', says = '', facts = ''] = line.trim().split(/ {2,}/);
        const choices = readChoices(facts).filter((choice) => !says.includes(choice));
        return { term, says: [says, choices.join(', ')].filter(Boolean).join(': ') };
      });
  };
  return {
    name,
    usage,
    describes,
    commands: rows('Commands'),
    positionals: rows('Positionals'),
    options: rows('Options'),
    examples: rows('Examples'),
  };
}

/** Of `[choices: "a", "b"] [default: "a"]`: `a` and `b`. Types and defaults say nothing to a person. */
function readChoices(facts: string): readonly string[] {
  const choices = /\[choices: ([^\]]+)\]/.exec(facts)?.[1] ?? '';
  return [...choices.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
}
