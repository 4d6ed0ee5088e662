/** The companion's arguments, and apart from them the words that belong to another program: `explain`'s hermes, `shell`'s command. */
export type CommandLine = { readonly own: readonly string[]; readonly words: readonly string[] };

/** Options of `explain` that take a value. */
const withValue = ['--name'];

/**
 * Takes hermes's words out before anything parses them: they are another program's, byte for byte. They begin after
 * `--`, or with the first word after `explain` that is no option.
 */
export function splitCommandLine(argv: readonly string[]): CommandLine {
  const command = argv.findIndex((word) => !word.startsWith('-'));
  if (argv[command] === 'shell' && argv.includes('--')) {
    const split = argv.indexOf('--');
    return { own: argv.slice(0, split), words: argv.slice(split + 1) };
  }
  if (argv[command] !== 'explain') return { own: argv, words: [] };
  let end = command + 1;
  while (argv[end]?.startsWith('-') && argv[end] !== '--') end += withValue.includes(argv[end] ?? '') ? 2 : 1;
  const begin = argv[end] === '--' ? end + 1 : end;
  return { own: argv.slice(0, end), words: argv.slice(begin) };
}
