import yargs, { type Argv } from 'yargs';
import manifest from '../../package.json' with { type: 'json' };
import type { Name } from '../route/name.ts';
import { shells } from './completion.ts';
import { addManagedCommands } from './managed-options.ts';
import type { Request } from './request.ts';
import { refuseWrongUsage, textOption, usageError } from './text-option.ts';

const names: readonly Name[] = ['hermes', 'hermes-agent', 'hermes-acp'];
const engines = ['docker', 'podman'] as const;

const json = { type: 'boolean', default: false, describe: 'Print JSON' } as const;

/**
 * The companion's own command line.
 * @param take is told what was asked for
 */
export function buildParser(argv: readonly string[], take: (request: Request) => void): Argv<unknown> {
  const parser = yargs([...argv])
    .scriptName('hermes-shim')
    .locale('en')
    .usage(
      '$0 <command>\n\nSee what hermes on this host would do, find what is wrong, use it with any container.',
    )
    .command(
      'doctor',
      'Check everything from the name hermes to hermes answering',
      (y) => y.option('json', json).example('$0 doctor', 'each check, and the fix under what is wrong'),
      (given) => take({ kind: 'doctor', json: given.json }),
    )
    .command(
      'explain',
      'Tell each decision of a call and its exact command; run nothing',
      (y) =>
        y
          .usage(
            '$0 explain [--name NAME] [--full] [--json] [--] [ARGS…]\n\nTell each decision of a call and its exact command; run nothing but probes.',
          )
          .option('name', {
            choices: names,
            default: 'hermes' as Name,
            requiresArg: true,
            describe: 'The name called by',
          })
          .option('full', {
            type: 'boolean',
            default: false,
            describe: 'Print the command whole, to be pasted',
          })
          .option('json', json)
          .example('$0 explain chat', 'what would `hermes chat` do?')
          .example('$0 explain -- --version', "options of hermes's own come after --"),
      (given) => take({ kind: 'explain', name: given.name, full: given.full, json: given.json }),
    )
    .command(
      'enable',
      'Send hermes into a container that you run yourself',
      (y) =>
        y
          .option('container', textOption('Its name, if several have this home'))
          .option('service', textOption('The same by its service in the compose file'))
          .option('backend', { choices: engines, requiresArg: true, describe: 'The engine to ask' })
          .option('user', textOption('Who hermes runs as in there'))
          .option('bin', textOption("hermes's path in there"))
          .option('dry-run', {
            type: 'boolean',
            default: false,
            describe: 'Show what is found, write nothing',
          })
          .option('json', json)
          .example('$0 enable', 'find the container that has this home, write its .container-mode'),
      ({ container, service, backend, user, bin, dryRun, json }) =>
        take({ kind: 'enable', container, service, backend, user, bin, dryRun, json }),
    )
    .command(
      'disable',
      'Undo enable: hermes runs on this host again',
      (y) => y.option('json', json),
      (given) => take({ kind: 'disable', json: given.json }),
    )
    .command(
      'ps',
      'List the sessions in the container and who started them',
      (y) => y.option('json', json),
      (given) => take({ kind: 'ps', json: given.json }),
    )
    .command(
      'reap',
      'End sessions whose caller is gone: HUP, 10 s, KILL',
      (y) =>
        y
          .option('dry-run', { type: 'boolean', default: false, describe: 'Show what would be ended' })
          .option('detached', {
            type: 'boolean',
            default: false,
            describe: 'Also what they left behind on purpose (setsid)',
          })
          .option('json', json)
          .example('$0 reap --dry-run', 'which would be ended?'),
      ({ dryRun, detached, json }) => take({ kind: 'reap', dryRun, detached, json }),
    )
    .command(
      'completion <shell>',
      'Print a completion script',
      (y) =>
        y
          .positional('shell', { choices: shells, demandOption: true, describe: 'bash, zsh or fish' })
          .example('$0 completion bash >> ~/.bashrc', '')
          .example('$0 completion fish > ~/.config/fish/completions/hermes-shim.fish', ''),
      (given) => take({ kind: 'completion', shell: given.shell }),
    )
    .example('$0 doctor', 'what is wrong, and how to repair it')
    .example('$0 init && $0 up', 'make a container for hermes, and keep it')
    .example('$0 explain chat', 'what would `hermes chat` run?')
    .example('$0 enable', 'use the container that has this home');
  return addManagedCommands(parser, take)
    .demandCommand(1, 'Which command?')
    .strict()
    .check((given) => {
      refuseWrongUsage(given, argv);
      return true;
    })
    .recommendCommands()
    .version(manifest.version)
    .alias({ help: 'h', version: 'V' })
    .wrap(96)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // yargs throws some of what it finds wrong, as an error of its own
      if (error !== undefined && error.name !== 'YError') throw error;
      throw usageError(message ?? error?.message);
    });
}
