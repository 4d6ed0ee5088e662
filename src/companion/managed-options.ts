import type { Argv } from 'yargs';
import { textOption } from './text-option.ts';
import { UsageError } from './usage-error.ts';

const json = { type: 'boolean', default: false, describe: 'Print JSON' } as const;
const file = textOption(
  'The hermes-shim.yaml. Default: /etc/hermes-shim/ as root, else ~/.config/hermes-shim/',
);
const yes = { type: 'boolean', default: false, describe: 'Do not ask' } as const;

/** What the subcommands of the managed container are asked for. */
export type ManagedRequest =
  | { readonly kind: 'init'; readonly file: string | undefined; readonly json: boolean }
  | ({ readonly kind: 'up' } & UpOptions)
  | {
      readonly kind: 'down' | 'restart' | 'status';
      readonly file: string | undefined;
      readonly json: boolean;
    }
  | {
      readonly kind: 'update' | 'recreate';
      readonly file: string | undefined;
      readonly json: boolean;
      readonly yes: boolean;
    }
  | {
      readonly kind: 'logs';
      readonly file: string | undefined;
      readonly follow: boolean;
      readonly since: string | undefined;
    }
  | { readonly kind: 'shell'; readonly file: string | undefined };

/** How far `up` goes. */
export type UpOptions = {
  readonly file: string | undefined;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly yes: boolean;
  readonly install: boolean;
  readonly uninstall: boolean;
  readonly pin: boolean | undefined;
};

/** Adds the subcommands that make and keep a container. */
export function addManagedCommands<T>(parser: Argv<T>, take: (request: ManagedRequest) => void): Argv<T> {
  return parser
    .command(
      'init',
      'Write a first hermes-shim.yaml, by looking around',
      (y) => y.option('file', file).option('json', json),
      (given) => take({ kind: 'init', file: given.file, json: given.json }),
    )
    .command(
      'up',
      'Make the container that hermes-shim.yaml asks for',
      (y) =>
        y
          .option('file', file)
          .option('dry-run', { type: 'boolean', default: false, describe: 'Show the plan, do nothing' })
          .option('diff', { type: 'boolean', default: false, describe: 'Show what changes in files' })
          .option('yes', yes)
          .option('install', {
            type: 'boolean',
            default: false,
            describe: 'Start it at boot, too (a systemd unit)',
          })
          .option('uninstall', { type: 'boolean', default: false, describe: 'Remove that unit again' })
          .option('pin', {
            type: 'boolean',
            describe:
              "Write root's pin, /etc/hermes-shim/container-mode; --no-pin leaves it, and removes one that up wrote. Default: as before, at first yes",
          })
          .option('json', json)
          .check(({ install, uninstall }) => {
            if (install && uninstall) throw new UsageError('Either --install or --uninstall, not both');
            return true;
          })
          .example('$0 up --dry-run --diff', 'what would be done?'),
      ({ file: named, json: asJson, dryRun, diff, yes: sure, install, uninstall, pin }) =>
        take({ kind: 'up', file: named, json: asJson, dryRun, diff, yes: sure, install, uninstall, pin }),
    )
    .command(
      'down',
      'Stop the container; nothing is removed',
      (y) => y.option('file', file).option('json', json),
      (given) => take({ kind: 'down', file: given.file, json: given.json }),
    )
    .command(
      'restart',
      'Stop the container and start it again',
      (y) => y.option('file', file).option('json', json),
      (given) => take({ kind: 'restart', file: given.file, json: given.json }),
    )
    .command(
      'status',
      'What is declared, what is, what differs',
      (y) => y.option('file', file).option('json', json),
      (given) => take({ kind: 'status', file: given.file, json: given.json }),
    )
    .command(
      'logs',
      "The container's log",
      (y) =>
        y
          .option('file', file)
          .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on until Ctrl-C' })
          .option('since', textOption('Only what is younger, such as 10m'))
          .example('$0 logs -f --since 10m', ''),
      (given) => take({ kind: 'logs', file: given.file, follow: given.follow, since: given.since }),
    )
    .command(
      'shell',
      'A shell in the container',
      (y) =>
        y
          .usage('$0 shell [--file FILE] [-- COMMAND…]\n\nA shell in the container, or one command.')
          .option('file', file)
          .example('$0 shell -- sudo apt install jq', 'one command in place of a shell'),
      (given) => take({ kind: 'shell', file: given.file }),
    )
    .command(
      'update',
      'The newest image or package',
      (y) => y.option('file', file).option('yes', yes).option('json', json),
      (given) => take({ kind: 'update', file: given.file, json: given.json, yes: given.yes }),
    )
    .command(
      'recreate',
      'Make the container anew',
      (y) => y.option('file', file).option('yes', yes).option('json', json),
      (given) => take({ kind: 'recreate', file: given.file, json: given.json, yes: given.yes }),
    );
}
