import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readShell } from '../../scripts/shell.ts';
import askHermes from '../../src/companion/ask-hermes.sh';
import endDetached from '../../src/companion/end-detached.sh';
import listProcesses from '../../src/companion/list-processes.sh';
import listUnusable from '../../src/companion/list-unusable.sh';
import { parseProcessList } from '../../src/companion/process-list.ts';
import askOwner from '../../src/engine/ask-owner.sh';
import askReadiness from '../../src/engine/ask-readiness.sh';
import bringSecrets from '../../src/session/control/bring-secrets.sh';
import { absent, ended } from '../../src/session/control/container-liveness.ts';
import controlScript from '../../src/session/control/control-script.sh';
import watchdog from '../../src/session/control/watchdog.sh';
import wrapper from '../../src/session/plan/exec-wrapper.sh';
import { noteRoots } from '../../src/session/plan/exec-wrapper.ts';
import { startTimeOf } from '../../src/session/plan/session-id.ts';
import ignoreSignals from '../../src/session/streams/ignore-signals.sh';
import searchNote from '../../src/session/verdict/search-note.sh';
import { ignores, runBy, type Shell, shells } from './shells.ts';

let dir = '';
let hermes = '';
/** Nobody's name, so that notes of these tests lie in directories of their own. */
const user = `unit-${process.pid}`;
const id = `${process.pid}-1-unit`;
const children: ChildProcess[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
  hermes = join(dir, 'hermes');
  const says = `printf '%s\\n' "$PWD" "$(umask)" "\${ODD-unset}" "\${hs_session-clean}" "$#" "$@"`;
  writeFileSync(hermes, `#!/bin/sh\n${says}\necho complaint >&2\n`, { mode: 0o755 });
});

afterAll(() => {
  for (const { pid, exitCode, signalCode } of children)
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  for (const root of noteRoots) rmSync(`${root}${user}`, { recursive: true, force: true });
  rmSync(dir, { recursive: true });
});

/** The words of the exec wrapper. */
function wrapperWords(to: {
  flags?: string;
  names?: string;
  first?: string;
  bin?: string;
  args?: readonly string[];
}) {
  const { flags = '-', names = '', first = dir, bin = hermes, args = [] } = to;
  return ['-c', wrapper, 'hermes-wrapper', id, '0027', user, flags, '0', names, first, '', bin, ...args];
}

/** Starts a program in a process session of its own, as an engine does. */
function start(
  { argv: [file = '', ...front], argv0 }: Shell,
  words: readonly string[],
  env = {},
): ChildProcess {
  const options = { argv0, detached: true, env: { PATH: process.env.PATH, ...env } } as const;
  const child = spawn(file, [...front, ...words], options);
  children.push(child);
  return child;
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return text;
}

/** The processes' notes of this session, in the first place. */
const notes = (): string[] => readdirSync(`${noteRoots[0]}${user}`).filter((name) => /^[0-9]+$/.test(name));

it('every program that runs in a container knows the same two places for notes', () => {
  for (const program of [wrapper, controlScript, bringSecrets, searchNote, listProcesses])
    for (const root of noteRoots) expect(program).toContain(root);
});

it('the watchdog knows every word by which a container is known to be over', () => {
  for (const word of ended) expect(watchdog).toMatch(new RegExp(` ${word}( \\| |\\) break)`));
  for (const words of absent) expect(watchdog).toContain(`*'${words}'*`);
});

describe.each(shells)('run by $name', (shell) => {
  const run = (words: readonly string[], env = {}): string => runBy(shell, words, { env }).toString();

  it('every program of ours is sh', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sh'),
    );
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) expect(run(['-n', '-c', readShell(join('src', file))])).toBe('');
  });

  it('the exec wrapper becomes hermes, in its directory, with its umask, arguments and nothing more', () => {
    const args = ['', 'a b', '*', '$(id)', 'two\nlines'];
    expect(run(wrapperWords({ flags: 'e', args })).split('\n')).toEqual([
      ...[dir, '0027', 'unset', 'clean', '5', '', 'a b', '*', '$(id)', 'two', 'lines', 'complaint', ''],
    ]);
    const encoded = ['.plain', '+a', '=\\377\\012'];
    const said = runBy(
      shell,
      wrapperWords({ flags: 'erd', names: 'ODD', first: '/tm\\160', args: encoded }),
      {
        env: { ODD: 'x\\376' },
      },
    );
    expect(said.toString('latin1')).toBe('/tmp\n0027\nx\xfe\nclean\n2\nplain\na\xff\n\ncomplaint\n');
  });

  it('the exec wrapper greets on stderr where it is asked to, before hermes and before stderr joins stdout', () => {
    const both = (flags: string, bin?: string) => {
      const { argv, argv0 } = shell;
      const words = [...argv.slice(1), ...wrapperWords({ flags, ...(bin === undefined ? {} : { bin }) })];
      const ended = spawnSync(argv[0] ?? '', words, { argv0, encoding: 'utf8' });
      return [ended.stdout.endsWith('complaint\n'), ended.stderr];
    };
    expect(both('h')).toEqual([false, '\u001eScomplaint\n']);
    expect(both('eh')).toEqual([true, '\u001eS']);
    expect(both('h2')[1]).toBe('\u001eS');
    expect(both('h', join(dir, 'nothing'))[1]).toBe('\u001eM');
    expect(both('h', dir)[1]).toBe('\u001eF');
  });

  it('the exec wrapper says what it cannot run, in exit code and note', () => {
    const [file = '', ...front] = shell.argv;
    for (const [bin, code, state] of [
      [join(dir, 'missing'), 127, 'missing'],
      [dir, 126, 'forbidden'],
    ] as const) {
      const { status, pid } = spawnSync(file, [...front, ...wrapperWords({ bin })], { argv0: shell.argv0 });
      expect(status).toBe(code);
      expect(readFileSync(`${noteRoots[0]}${user}/${pid}`, 'utf8')).toMatch(` ${id} ${state}\n`);
    }
  });

  it('the exec wrapper takes the secrets that are brought to it, and leaves no FIFO behind', async () => {
    const session = start(shell, wrapperWords({ flags: 's' }));
    const said = output(session);
    const bringing = start(shell, ['-c', bringSecrets, 'hermes-secrets', id, user]);
    const brought = output(bringing);
    bringing.stdin?.end('ODD=a\\012b\\047\n.\n');
    expect(await brought).toBe('ready\ntaken\n');
    expect((await said).split('\n').slice(0, 5)).toEqual([dir, '0027', 'a', "b'", 'clean']);
    const left = noteRoots.flatMap((root) =>
      existsSync(`${root}${user}`) ? readdirSync(`${root}${user}`) : [],
    );
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('the control script finds a session by its note, signals it once told to, and knows when it is gone', async () => {
    writeFileSync(join(dir, 'sleep'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
    const own = `${id}-signal-${shells.indexOf(shell)}`;
    const words = wrapperWords({ bin: join(dir, 'sleep') }).map((word) => (word === id ? own : word));
    const session = start(shell, words);
    const over = once(session, 'exit');
    const ask = (...what: string[]) =>
      start(shell, ['-c', controlScript, 'hermes-control', own, user, ...what]);
    expect(await output(ask('state'))).toBe('alive\n');
    const asking = ask('USR1', 'process');
    const asked = output(asking);
    asking.stdin?.end('go\n');
    expect(await asked).toBe('found\ndelivered\n');
    expect(await over).toEqual([null, 'SIGUSR1']);
    expect(await output(ask('state'))).toBe('gone\n');
    expect(await output(ask('hangup', '1'))).toBe('gone\n');
  });

  it('the control script sends HUP once, and kills what outlives its grace', async () => {
    const deaf = join(dir, 'deaf');
    writeFileSync(deaf, '#!/bin/sh\ntrap "echo HUP" HUP\necho ready\nwhile :; do sleep 0.05; done\n', {
      mode: 0o755,
    });
    const own = `${id}-hangup-${shells.indexOf(shell)}`;
    const session = start(
      shell,
      wrapperWords({ bin: deaf }).map((word) => (word === id ? own : word)),
    );
    const over = once(session, 'exit');
    const said = output(session);
    await once(session.stdout as NodeJS.ReadableStream, 'data');
    const ask = (...what: string[]) =>
      start(shell, ['-c', controlScript, 'hermes-control', own, user, ...what]);
    expect(await Promise.all([output(ask('hangup', '1')), output(ask('hangup', '1'))])).toEqual([
      'found\ngone\n',
      'found\ngone\n',
    ]);
    expect(await over).toEqual([null, 'SIGKILL']);
    expect((await said).match(/HUP/g)).toHaveLength(1);
  });

  it.runIf(process.getuid?.() === 0)(
    'what somebody else in the container has put in the way is neither believed nor given a secret',
    async () => {
      const planted = `${user}-planted-${shells.indexOf(shell)}`;
      const places = ['/tmp/.hermes-shim-', '/dev/shm/.hermes-shim-'].map((root) => `${root}${planted}`);
      const victim = start({ name: 'sleep', argv: ['sleep'], argv0: 'sleep' }, ['600']);
      const began = startTimeOf(readFileSync(`/proc/${victim.pid}/stat`, 'utf8'));
      const [first = '', second = ''] = places;
      try {
        for (const place of places) mkdirSync(place, { mode: 0o755 });
        writeFileSync(join(first, String(victim.pid)), `${victim.pid} ${began} ${id} started\n`);
        run(['-c', 'mkfifo -m 0666 "$1"', 'sh', join(first, `.${id}`)]);
        chownSync(first, 12345, 12345);
        const ask = start(shell, ['-c', controlScript, 'hermes-control', id, planted, 'kill']);
        expect(['never\n', 'unknown\n']).toContain(await output(ask));
        expect(victim).toMatchObject({ exitCode: null, signalCode: null });
        expect(run(['-c', listProcesses, 'hermes-ps', planted, '--border--'])).not.toContain(
          ` ${victim.pid} `,
        );
        const bringing = start(shell, ['-c', bringSecrets, 'hermes-secrets', id, planted]);
        const said = output(bringing);
        bringing.stdin?.end('SECRET=a\n.\n');
        // opened before it gets its name, as the exec wrapper does it
        const reading =
          'mkfifo "$1n"; exec 3<>"$1n"; mv "$1n" "$1"; while read -r line <&3 && [ "$line" != . ]; do echo "$line"; done';
        const reader = start(shell, ['-c', reading, 'sh', join(second, `.${id}`)]);
        expect(await output(reader)).toBe('SECRET=a\n');
        expect(await said).toBe('ready\ntaken\n');
      } finally {
        victim.kill('SIGKILL');
        for (const place of places) rmSync(place, { recursive: true, force: true });
      }
    },
  );

  it('the control script says never of a session that did not start', async () => {
    const asking = start(shell, ['-c', controlScript, 'hermes-control', `${id}never`, user, 'state']);
    expect(['never\n', 'unknown\n']).toContain(await output(asking));
  });

  it('the watchdog does nothing when all is well, and hangs up where its control pipe just ends', async () => {
    const log = join(dir, `log-${shell.name}`);
    const hangUp = ['/bin/sh', '-c', `echo "$# $*" >>'${log}'; echo gone`, '@control-script', 'two words'];
    const sleepers = ['client', 'reader', 'other'].map(() =>
      start({ name: 'sleep', argv: ['sleep'], argv0: 'sleep' }, ['600']),
    );
    const [client, reader, other] = sleepers.map(({ pid = 0 }) => {
      const began = startTimeOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return { pid, began };
    });
    const clients = [
      `client ${client?.pid} ${client?.began}`,
      `client ${reader?.pid} ${reader?.began}`,
      // whose pid was given out again
      `client ${other?.pid} 1`,
    ];
    const lines = [...hangUp, '', '/bin/echo', 'running', '', ...clients, 'hup'];
    const hungUp = sleepers.slice(0, 2).map((one) => once(one, 'exit'));
    const guard = async (last: readonly string[]) => {
      const child = start(shell, ['-c', watchdog, 'hermes-watchdog', 'the script']);
      const over = once(child, 'exit');
      // as a unit that is stopped is told to end, all its processes at once
      await vi.waitFor(() => expect(ignores(child.pid, 15)).toBe(true), { timeout: 60_000, interval: 5 });
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) child.kill(signal);
      child.stdin?.end([...lines, ...last, ''].join('\n'));
      return over;
    };
    expect(await guard(['well'])).toEqual([0, null]);
    expect(existsSync(log)).toBe(false);
    // it ends its own process session with it
    expect(await guard([])).toEqual([null, 'SIGKILL']);
    expect(readFileSync(log, 'utf8')).toBe('2 two words past\n');
    for (const end of hungUp) expect(await end).toEqual([null, 'SIGHUP']);
    expect(sleepers[2]).toMatchObject({ exitCode: null, signalCode: null });
  });

  it('the watchdog waits for a session whose start is pending, and ends it', async () => {
    const asked = join(dir, `asked-for-${shell.name}`);
    const hangUp = `echo >>'${asked}'; case $(wc -l <'${asked}') in *[123]) echo never ;; *) echo gone ;; esac`;
    for (const [last, times] of [
      [[], 2],
      [['pending'], 4],
    ] as const) {
      rmSync(asked, { force: true });
      const child = start(shell, ['-c', watchdog, 'hermes-watchdog', 'the script']);
      const over = once(child, 'exit');
      const words = ['/bin/sh', '-c', hangUp, '@control-script', '', '/bin/echo', 'running', '', ...last, ''];
      child.stdin?.end(words.join('\n'));
      expect(await over).toEqual([null, 'SIGKILL']);
      expect(readFileSync(asked, 'utf8')).toBe('\n'.repeat(times));
    }
  });

  it('the watchdog goes on where an error only contains a word by which a container is over', async () => {
    const [asked, tried] = ['asked', 'tried'].map((name) => join(dir, `${name}-${shell.name}`));
    const state = [
      `echo >>'${asked}';`,
      `case $(wc -l <'${asked}') in`,
      `*1) echo 'command [ssh far] has exited with exit status 255: context deadline exceeded' >&2; exit 1 ;;`,
      `*) echo 'sudo: unable to resolve host dead-end' >&2; echo exited ;;`,
      `esac`,
    ].join(' ');
    const hangUp = ['/bin/sh', '-c', `echo >>'${tried}'; exit 1`, '@control-script'];
    const child = start(shell, ['-c', watchdog, 'hermes-watchdog', 'the script']);
    const over = once(child, 'exit');
    child.stdin?.end([...hangUp, '', '/bin/sh', '-c', state, '', ''].join('\n'));
    expect(await over).toEqual([null, 'SIGKILL']);
    expect([readFileSync(asked ?? '', 'utf8'), readFileSync(tried ?? '', 'utf8')]).toEqual(['\n\n', '\n\n']);
  });

  it('the search for a note reads it, and says that there is none', () => {
    run(wrapperWords({ flags: 'e' }));
    const search = (of: string) =>
      run(['-c', searchNote, 'hermes-note', of, user, String(Math.floor(Date.now() / 1000) + 60)]);
    expect(search(id)).toBe('note started\n');
    expect(['none\n', 'never\n']).toContain(search(`${id}-other`));
    expect(notes().length).toBeGreaterThan(0);
  });

  it('the list of processes has the first one, and what carries its mark', async () => {
    writeFileSync(join(dir, 'hold'), '#!/bin/sh\necho ready\nread -r _\n', { mode: 0o755 });
    const session = start(shell, wrapperWords({ bin: join(dir, 'hold'), args: ['chat', 'a b'] }), {
      HERMES_SHIM_SESSION: id,
    });
    await once(session.stdout as NodeJS.ReadableStream, 'data');
    const { first, marked } = parseProcessList(
      run(['-c', listProcesses, 'hermes-ps', user, '--border--']),
      '--border--',
    );
    const own = first.find(({ pid }) => pid === session.pid);
    expect(own).toMatchObject({ sessionId: id, sid: session.pid, terminal: false });
    expect(own?.args.slice(-2)).toEqual(['chat', 'a b']);
    expect(marked.map(({ pid }) => pid)).toContain(session.pid);
    const start22 = startTimeOf(readFileSync(`/proc/${session.pid}/stat`, 'utf8'));
    const over = once(session, 'exit');
    run(['-c', endDetached, 'hermes-reap', '20', String(session.pid), '1', String(session.pid), start22]);
    expect(await over).toEqual([null, 'SIGHUP']);
  });

  it('questions to a container are answered by a word', () => {
    const ready = (path: string) => run(['-c', askReadiness, 'sh', path]);
    expect([hermes, dir, join(dir, 'missing')].map(ready)).toEqual(['ready\n', 'forbidden\n', 'missing\n']);
    expect(run(['-c', askOwner, 'sh', '0'])).toMatch(/^(owned\n)+$/);
    expect(run(['-c', askOwner, 'sh', '4294967290'])).toBe('');
    const { uid, gid } = statSync(dir);
    mkdirSync(join(dir, 'none'), { recursive: true });
    expect(run(['-c', askHermes, 'sh', dir, hermes]).split('\n')).toEqual(
      expect.arrayContaining([`owner ${uid}:${gid}`, `alone ${hermes}`]),
    );
  });

  it('files that hermes cannot use are listed after who asks, none of its own among them', () => {
    const { uid, gid } = statSync(dir);
    expect(run(['-c', listUnusable, 'sh', dir, '5000']).split('\n').slice(0, 2)).toEqual([
      `${uid}:${gid}`,
      '',
    ]);
  });

  it('a client starts with the signals ignored that its caller ignored', () => {
    const status = ['sed', '-n', 's/^SigIgn:[[:space:]]*//p', '/proc/self/status'];
    expect(run(['-c', ignoreSignals, 'sh', 'HUP INT', ...status])).toBe('0000000000000003\n');
  });
});
