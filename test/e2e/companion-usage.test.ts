import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemPath } from '../../scripts/engines/command.ts';
import { call } from '../harness/call.ts';
import { installShim, shim } from '../harness/installed.ts';
import { engines } from '../harness/modes.ts';

const { uid, gid, name } = engines.callerUser;
const somebody = {
  name,
  uid,
  gid,
  home: '/nonexistent',
  env: { PATH: systemPath, HOME: '/nonexistent', TERM: 'xterm' },
};

const run = async (...args: string[]) => call(somebody, [await shim('hermes-shim'), ...args]).ended;

it('--help fits a screen and has examples', async () => {
  const { exitCode, stdout, stderr } = await run('--help');
  expect([exitCode, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n');
  expect(lines.length).toBeLessThan(34);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100);
  expect(stdout).toMatchInlineSnapshot(`
    "hermes-shim <command>

    See what hermes on this host would do, find what is wrong, use it with any container.

    Commands:
      hermes-shim doctor              Check everything from the name hermes to hermes answering
      hermes-shim explain             Tell each decision of a call and its exact command; run
                                      nothing
      hermes-shim enable              Send hermes into a container that you run yourself
      hermes-shim disable             Undo enable: hermes runs on this host again
      hermes-shim ps                  List the sessions in the container and who started them
      hermes-shim reap                End sessions whose caller is gone: HUP, 10 s, KILL
      hermes-shim completion <shell>  Print a completion script
      hermes-shim init                Write a first hermes-shim.yaml, by looking around
      hermes-shim up                  Make the container that hermes-shim.yaml asks for
      hermes-shim down                Stop the container; nothing is removed
      hermes-shim restart             Stop the container and start it again
      hermes-shim status              What is declared, what is, what differs
      hermes-shim logs                The container's log
      hermes-shim shell               A shell in the container
      hermes-shim update              The newest image or package
      hermes-shim recreate            Make the container anew

    Options:
      -h, --help     Show help                                                             [boolean]
      -V, --version  Show version number                                                   [boolean]

    Examples:
      hermes-shim doctor                  what is wrong, and how to repair it
      hermes-shim init && hermes-shim up  make a container for hermes, and keep it
      hermes-shim explain chat            what would \`hermes chat\` run?
      hermes-shim enable                  use the container that has this home
    "
  `);
});

it('in a directory that was deleted it works as elsewhere', async () => {
  const words = [await shim('hermes-shim'), '--version'];
  const first = 'cd "$(mktemp -d)" && rmdir "$PWD"';
  const ended = await call(somebody, words, { first }).ended;
  expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\./) });
  const file = await call(somebody, [await shim('hermes-shim'), 'status', '--file', 'x.yaml'], { first })
    .ended;
  expect(file).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no /x.yaml') });
});

const keeping = ['init', 'up', 'down', 'restart', 'status', 'logs', 'shell', 'update', 'recreate'];

it('every subcommand explains itself', async () => {
  const commands = ['doctor', 'explain', 'enable', 'disable', 'ps', 'reap', 'completion', ...keeping];
  const check = async (command: string) => {
    const { exitCode, stdout } = await run(command, '--help');
    expect([command, exitCode, stdout.split('\n').length < 25]).toEqual([command, 0, true]);
    expect(stdout).toContain('hermes-shim');
  };
  for (let at = 0; at < commands.length; at += 4) await Promise.all(commands.slice(at, at + 4).map(check));
});

it('wrong usage is exit code 2, a sentence, and no stack trace', async () => {
  const said = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect([args, exitCode, stdout]).toEqual([args, 2, '']);
    expect(stderr).not.toMatch(/\n\s+at /);
    return stderr;
  };
  expect(await said('doctr')).toBe('hermes-shim: Did you mean doctor?\n  see:  hermes-shim --help\n');
  expect(await said('ps', '--jsno')).toBe(
    'hermes-shim: Unknown argument: jsno\n  see:  hermes-shim --help\n',
  );
  expect(await said()).toBe('hermes-shim: Which command?\n  see:  hermes-shim --help\n');
  expect(await said('explain', '--wrong', 'chat')).toContain('Unknown argument: wrong');
  expect(await said('completion', 'tcsh')).toContain('Choices: "bash", "zsh", "fish"');
  expect(await said('enable', '--backend', 'lxc')).toContain('Choices: "docker", "podman"');
  expect(await said('ps', 'surplus')).toContain('Unknown');
  expect(await said('status', '--file', 'a', '--file', 'b')).toContain('--file is there twice');
  expect(await said('up', '--no-file')).toContain('--file needs a value');
  expect(await said('logs', '--since')).toContain('--since needs a value');
});

it('without any hermes home each command says what is missing, with --json too', async () => {
  const { exitCode, stdout, stderr } = await run('ps');
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toMatchInlineSnapshot(`
    "hermes-shim: hermes runs on this host: there is no hermes home and no pin
      see why:  hermes-shim explain
      use a container:  hermes-shim enable
    "
  `);
  const json = JSON.parse((await run('ps', '--json')).stdout) as {
    error: { says: string; fixes: unknown[] };
  };
  expect(json.error).toMatchObject({
    says: expect.stringContaining('no hermes home'),
    fixes: expect.any(Array),
  });
});

it('who has neither a home nor a container is told how to have both made', async () => {
  const advice = 'or have a home and its container made:  hermes-shim init && hermes-shim up\n';
  expect((await run('doctor')).stdout).toContain(advice);
  expect((await run('enable')).stderr).toContain(advice);
});

it('--version is the version of the package', async () => {
  expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('hermes has no flags of the companion: they go to hermes', async () => {
  const { exitCode, stderr } = await call(somebody, [await shim('hermes'), '--help']).ended;
  expect([exitCode, stderr]).toEqual([127, expect.stringContaining('there is no other hermes on this host')]);
});

it('bash completes commands, options and values, by the script that is printed', async () => {
  await installShim();
  const complete = async (...words: string[]) => {
    const script = [
      'eval "$(hermes-shim completion bash)"',
      `COMP_WORDS=(hermes-shim ${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length}`,
      '_hermes-shim_yargs_completions',
      `printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join('\n');
    const { stdout, stderr } = await call(somebody, ['/bin/bash', '-c', script], {
      env: { SHELL: '/bin/zsh' },
    }).ended;
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };
  expect(await complete('do')).toEqual(['doctor', 'down']);
  expect(await complete('reap', '--d')).toEqual(['--dry-run', '--detached']);
  expect(await complete('completion', 'f')).toEqual(['fish']);
});

it('zsh and fish get scripts of their own, with a word on each command', async () => {
  await installShim();
  for (const [shell, separator] of [
    ['zsh', ':'],
    ['fish', '\t'],
  ] as const) {
    const script = (await run('completion', shell)).stdout;
    expect(script).toContain(`SHELL=${shell} ZSH_NAME= hermes-shim --get-yargs-completions`);
    expect(script).toContain(shell === 'zsh' ? 'compdef _hermes-shim' : 'complete -f -c hermes-shim');
    const asked = ['env', `SHELL=${shell}`, 'hermes-shim', '--get-yargs-completions', 'hermes-shim', 'do'];
    const { stdout } = await call(somebody, asked).ended;
    expect(stdout).toContain(`doctor${separator}Check everything`);
  }
});

it('somebody who stops reading does no harm', async () => {
  const launcher = join((await installShim()).binDir, 'hermes-shim');
  const script = `${launcher} --help | head -1; echo`;
  const { stderr, stdout } = await call(somebody, ['/bin/bash', '-o', 'pipefail', '-c', script]).ended;
  expect([stderr, stdout.split('\n')[0]]).toEqual(['', 'hermes-shim <command>']);
});
