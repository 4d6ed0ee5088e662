/** The manual pages: which there are, and of which sections of docs/ and of which commands each is made. */
import { readFileSync } from 'node:fs';
import { type CommandHelp, type HelpRow, readCommands } from './commands.ts';
import { introductionOf, sectionOf } from './sections.ts';

export interface ManualPage {
  readonly name: string;
  readonly section: 1 | 5;
  readonly summary: string;
  /** Its body in Markdown; each section begins with a heading of the second rank. */
  body(): Promise<string>;
}

const doc = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

export const manualPages: readonly ManualPage[] = [
  {
    name: 'hermes-shim',
    section: 1,
    summary: 'see, repair and arrange how hermes runs in a container',
    async body() {
      const [own, ...commands] = await readCommands();
      if (own === undefined) throw new Error('hermes-shim --help says nothing');
      const [companion, configuration] = [doc('companion'), doc('configuration')];
      return chapters({
        Synopsis: commands.map(synopsis).join('\n\n'),
        Description: introductionOf(companion),
        Commands: commands.map(tellCommand).join('\n\n'),
        Options: definitions(own.options),
        'Where a call of hermes runs': sectionOf(configuration, '## Where a call runs'),
        'Answers for programs': sectionOf(companion, '## Answers for programs: `--json`'),
        Environment: sectionOf(configuration, '## Environment variables'),
        Files: sectionOf(configuration, '## Metadata'),
        'Exit status': `${sectionOf(companion, '## Exit code')}\n\n### Of hermes\n\n${sectionOf(configuration, '## Exit codes')}`,
        'Signals and endings': sectionOf(doc('signals-and-endings'), '## What goes where'),
        Examples: definitions([...own.examples, ...commands.flatMap(({ examples }) => examples)]),
        'See also':
          '`docker`(1), `podman`(1), `sudo`(8), and the pages in the directory docs of the project, which the npm package has, too.',
      });
    },
  },
];

const chapters = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([heading, text]) => `## ${heading}\n\n${text}\n`)
    .join('\n');

/** A command with its own words, or with the mark that there are options. */
function synopsis({ usage, options }: CommandHelp): string {
  return `\`${usage}${options.length > 0 && !usage.includes('--') ? ' [OPTION…]' : ''}\``;
}

function tellCommand({ usage, describes, positionals, options }: CommandHelp): string {
  return [
    `### \`${usage.replace('hermes-shim ', '')}\``,
    `${describes.replace(/\.$/, '')}.`,
    definitions([...positionals, ...options]),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** Rows as a table, which a manual page shows as terms and what they mean. A term comes once. */
function definitions(rows: readonly HelpRow[]): string {
  if (rows.length === 0) return '';
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const once = [...new Map(rows.map((row) => [row.term, row] as const)).values()];
  const lines = once.map(({ term, says }) => `| \`${cell(term)}\` | ${cell(says)} |`);
  return ['| | |', '|---|---|', ...lines].join('\n');
}
