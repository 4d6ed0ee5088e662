/** The test bed proves itself first: what it promises to the other tests, on every way in. None of this needs the shim. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { call } from '../harness/call.ts';
import { hermesUid, type ManagedContainer, managedContainer } from '../harness/container.ts';
import { stateQuestion } from '../harness/create.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { faultPrefix } from '../harness/fault.ts';
import { signalAll, until, within } from '../harness/host.ts';
import { makeContainer } from '../harness/make-container.ts';
import {
  allModes,
  describeModes,
  distinctModes,
  engines,
  inTurns,
  modes,
  socketModes,
  transportModes,
} from '../harness/modes.ts';
import { isFrozen, unpause } from '../harness/pausing.ts';
import { type Asked, type EngineProxy, openProxy } from '../harness/proxy.ts';
import { openTerminal } from '../harness/pty.ts';
import { readReport } from '../harness/report.ts';

const probe = join(import.meta.dirname, '../harness/probe.sh');
const awkward = [
  '',
  ' ',
  '-',
  '--',
  '-e',
  'a b',
  "it's",
  '"',
  '\\',
  '$HOME',
  '`id`',
  '*',
  'line\nbreak\n',
  '\ttab',
  'ü漢🙂',
  '\x1b[31m',
  '',
];
const plain = { PATH: '/usr/bin:/bin' };

it.runIf(process.env.CI)('in CI, every way in is tested', () => {
  expect(modes).toEqual(allModes);
});

describeModes((mode) => {
  let container: ManagedContainer;
  beforeAll(async () => {
    container = await managedContainer(mode);
  });
  afterAll(() => container[Symbol.asyncDispose]());

  it('a managed container runs, with a user for hermes who is nobody on the host', async () => {
    expect((await container.inspect()).State.Status).toBe('running');
    const { stdout } = await container.exec(['id', '-u']);
    expect(Number(stdout)).toBe(hermesUid);
    expect(container.caller.uid).not.toBe(hermesUid);
  });

  it('the caller can read the home, hermes can write it', async () => {
    const read = await container.call(['cat', container.metadataFile]).ended;
    expect(read.stdout).toBe(
      [
        '# Written by NixOS activation script. Do not edit manually.',
        `backend=${container.engine}`,
        `container_name=${container.name}`,
        'exec_user=hermes',
        'hermes_bin=/data/current-package/bin/hermes',
        '',
      ].join('\n'),
    );
    expect((await container.exec(['touch', '/data/.hermes/by-hermes', '/data/workspace/too'])).code).toBe(0);
    expect(existsSync(join(container.workspace, 'too'))).toBe(true);
  });

  it('the probe answers by the bare engine, and counts its starts', async () => {
    container.forgetStarts();
    const version = await container.exec(['/data/current-package/bin/hermes', 'version']);
    expect(version).toEqual({ code: 0, stdout: 'Hermes Agent v0.0.0 (probe)\n', stderr: '' });
    expect((await container.exec(['/data/current-package/bin/hermes', 'exit', '7'])).code).toBe(7);
    expect(container.starts()).toEqual([
      expect.stringMatching(/^\d+ hermes version$/),
      expect.stringMatching(/^\d+ hermes exit$/),
    ]);
    container.forgetStarts();
    expect(container.starts()).toEqual([]);
  });

  it('a report carries arguments byte for byte', async () => {
    const { stdout } = await container.exec(['/data/current-package/bin/hermes', 'report', '-', ...awkward]);
    const report = readReport(stdout);
    expect(report.args.slice(2)).toEqual(awkward);
    expect(report.program).toBe('/data/current-package/bin/hermes');
    expect(report.env).toMatchObject({
      HERMES_HOME: '/data/.hermes',
      HERMES_MANAGED: 'true',
      MESSAGING_CWD: '/data/workspace',
    });
    expect(report.uid).toBe(hermesUid);
    expect(report.terminal).toEqual([false, false, false]);
    expect(report.sid).toBe(report.pid);
  });

  it('a guest is seen for as long as it runs, and signals reach it', async () => {
    container.forgetStarts();
    expect(await container.sessionProcesses()).toEqual([]);
    const answer = container.exec(['/data/current-package/bin/hermes', 'trap', 'TERM', '9']);
    const [entry] = await until(
      async () => {
        const sessionProcesses = await container.sessionProcesses();
        return sessionProcesses.length > 0 && container.starts().length === 1 ? sessionProcesses : null;
      },
      { what: 'a guest' },
    );
    const fds = async () => (await container.exec(['ls', `/proc/${entry?.inner.pid}/fd`])).stdout.split('\n');
    await until(async () => (await fds()).includes('9'), { what: 'the probe to hold' });
    await container.exec(['kill', '-s', 'TERM', String(entry?.inner.pid)]);
    const { code, stdout } = await answer;
    expect([code, stdout]).toEqual([9, `ready ${entry?.inner.pid}\ngoodbye TERM\n`]);
    await container.untilNoGuests();
  });

  it('a terminal shows its size inside, and resizing it', async () => {
    const { mode: _, engine, id } = container;
    const argv = [
      ...(mode === 'podman-sudo' && engines.asRoot ? ['sudo', '-n', '/usr/bin/podman'] : [engine]),
      'exec',
      '-it',
      '-u',
      'hermes',
      id,
    ];
    await using terminal = await openTerminal({
      ...container.identity(),
      argv: [...argv, '/data/current-package/bin/hermes', 'winch'],
      cols: 100,
      rows: 30,
    });
    await terminal.waitFor('ready');
    // docker delivers the first size a moment late.
    await terminal.waitFor(/size 30 100/);
    terminal.resize(120, 40);
    await terminal.waitFor(/size 40 120/);
    terminal.write('\x03');
    await terminal.exit;
    await container.untilNoGuests();
  });
}, inTurns(distinctModes));

describeModes((mode) => {
  it('the caller reaches the engine in this way and in no other', async () => {
    await using container = await managedContainer(mode);
    const { engine, id } = container;
    const inspects = async (...argv: string[]) =>
      (await container.call([...argv, 'inspect', '--type', 'container', id]).ended).exitCode === 0;
    expect(await inspects(engine)).toBe(mode !== 'podman-sudo' || !engines.asRoot);
    if (mode === 'podman-socket' && engines.asRoot)
      expect(await inspects('env', '-u', 'CONTAINER_HOST', engine)).toBe(false);
    if (mode === 'podman-sudo') expect(await inspects('sudo', '-n', '-k', '/usr/bin/podman')).toBe(true);
    if (['podman-rootless', 'podman-socket'].includes(mode) && engines.asRoot)
      expect(await inspects('sudo', '-n', '-k', '/usr/bin/podman')).toBe(false);
  });
}, transportModes);

describeModes((mode) => {
  it('a container can be stopped, started, killed and renamed', async () => {
    await using container = await managedContainer(mode);
    const status = async () => (await container.inspect()).State.Status;
    await container.stop();
    expect(await status()).toBe('exited');
    await container.start();
    expect(await status()).toBe('running');
    await container.rename(`${container.name}-again`);
    expect(await container.engineCli(['inspect', '--format', '{{.Id}}', container.name])).toBe(container.id);
    await container.kill();
    await until(async () => ['exited', 'stopped'].includes(await status()), {
      what: 'the end of a killed container',
    });
  });

  it('the user can be late, or never come', async () => {
    await using container = await managedContainer(mode, { userAfterMs: within(300) });
    const first = await container.exec(['true']);
    // docker says it on stdout.
    expect(first.stdout + first.stderr).toContain('unable to find user hermes');
    await until(async () => (await container.exec(['true'])).code === 0, { what: 'the late user' });
    await using without = await managedContainer(mode, { userAfterMs: 'never' });
    expect((await without.exec(['true'])).code).not.toBe(0);
  });

  it('the official image and a declared profile have layouts of their own', async () => {
    await using official = await managedContainer(mode, {
      layout: 'official',
      image: 'busybox',
      user: 'somebody',
    });
    const report = readReport((await official.exec(['hermes', 'report'])).stdout);
    expect(report.env.HERMES_HOME).toBe('/opt/data');
    expect(readFileSync(official.metadataFile, 'utf8')).toContain(
      'exec_user=somebody\nhermes_bin=/usr/local/bin/hermes\n',
    );
    await using profile = await managedContainer(mode, { profile: 'coder' });
    const launcher = '/data/.hermes/profiles/coder/.container-launcher';
    expect(readFileSync(profile.metadataFile, 'utf8')).toContain(`hermes_bin=${launcher}\n`);
    const inProfile = readReport((await profile.exec([launcher, 'report', '-', 'x'])).stdout);
    expect([inProfile.env.HERMES_HOME, inProfile.args[2]]).toEqual(['/data/.hermes/profiles/coder', 'x']);
  });

  it('nothing is left of a container that is over', async () => {
    const container = await makeContainer(mode);
    const { id, root } = container;
    await container.exec([
      'sh',
      '-c',
      'mkdir -m 700 /data/.hermes/private && touch /data/.hermes/private/file',
    ]);
    expect(statSync(root).isDirectory()).toBe(true);
    await container[Symbol.asyncDispose]();
    expect(existsSync(root)).toBe(false);
    expect((await container.ask(['inspect', '--type', 'container', id])).code).not.toBe(0);
  });
}, inTurns(distinctModes));

describeModes(
  (mode) => {
    it('a container whose engine hangs in unpause goes on, and the run tells that the engine was at fault', async () => {
      await using container = await managedContainer(mode);
      const init = (await container.inspect()).State.Pid;
      await container.pause();
      expect(isFrozen(init)).toBe(true);
      const told = vi.spyOn(console, 'warn').mockImplementation(() => {});
      let hung = false;
      const ask = async (verb: 'pause' | 'unpause' | 'state') => {
        if (verb === 'state') return container.ask(stateQuestion(container.id));
        if (hung) return container.ask([verb, container.id]);
        // until somebody thaws it
        hung = true;
        await until(() => !isFrozen(init), { what: 'the container to be thawed', ms: 60_000 });
        return { code: 1, stdout: '', stderr: 'not paused' };
      };
      await unpause({ engine: container.engine, ask, init: () => init, patienceMs: 300 });
      expect(told.mock.calls.join()).toContain(`${faultPrefix}${container.engine} unpause: no answer within`);
      told.mockRestore();
      expect((await container.inspect()).State.Status).toBe('running');
      expect((await container.exec(['true'])).code).toBe(0);
      await container.pause();
      await container.unpause();
    });
    // whoever calls the shim, the engines are asked by the same commands
  },
  ['docker', 'podman-root'],
);

describeModes(() => {
  it('an ordinary user may use the socket', async () => {
    await using container = await managedContainer('docker', { as: 'user' });
    expect(container.caller.uid).toBe(engines.callerUser.uid);
    const { exitCode, stdout } = await container.call([
      'docker',
      'inspect',
      '--format',
      '{{.Name}}',
      container.id,
    ]).ended;
    expect([exitCode, stdout]).toEqual([0, `/${container.name}\n`]);
  });
}, ['docker']);

describeModes((mode) => {
  /** The bare client, led through the proxy. */
  const through = (container: ManagedContainer, proxy: EngineProxy, args: readonly string[], input = '') =>
    container.call([container.engine, ...args], { env: proxy.env, input });
  const exec = ({ id }: ManagedContainer, ...argv: string[]) => ['exec', '-i', '-u', 'hermes', id, ...argv];
  const start = /^POST .*\/exec\/\w+\/start$/m;

  it('a proxy passes every byte on, to the end of the input, and notes what was asked', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    const input = 'any bytes\r\n'.repeat(200_000);
    const { exitCode, stdout } = await through(container, proxy, exec(container, 'cat'), input).ended;
    expect([exitCode, stdout === input]).toEqual([0, true]);
    const created = proxy.asked.find(({ line }) => new RegExp(`^POST .*/${container.id}/exec$`).test(line));
    expect(created?.body).toContain('"cat"');
    expect(created?.answer).toMatch(/"Id": *"\w+"/);
    expect(proxy.asked.filter(({ line }) => start.test(line))).toHaveLength(1);
  });

  it('a proxy holds a request until it is let on, and only there', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    const halt = proxy.hold({ request: start });
    // told by its input: podman's client loses what comes in one packet with the answer that begins the stream
    const call = through(container, proxy, exec(container, 'cat'), 'through\n');
    await halt.reached();
    expect(await container.sessionProcesses()).toEqual([]);
    expect(call.stdout()).toBe('');
    halt.open();
    expect(await call.ended).toMatchObject({ exitCode: 0, stdout: 'through\n' });
    halt.reset();
    halt.open();
    const isEnd = ({ line }: Asked) => {
      const id = /\/exec\/(\w+)\/json$/.exec(line)?.[1];
      return proxy.asked.some((asked) => asked.line.endsWith(`/exec/${id}/start`));
    };
    const end = proxy.hold({ request: isEnd, when: 'answered' });
    const echo = 'read -r line; echo "$line"; exit 3';
    const ending = through(container, proxy, exec(container, 'sh', '-c', echo), 'done\n');
    await end.reached();
    await ending.waitFor('done');
    end.open();
    expect(await ending.ended).toMatchObject({ exitCode: 3, stdout: 'done\n' });
  });

  it('a proxy breaks a connection after the upgrade, or in the middle of what comes out', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    for (const bytes of [0, 50_000]) {
      const halt = proxy.cut({ request: start, when: bytes });
      const { stdout, timedOut } = await through(container, proxy, exec(container, 'yes')).ended;
      await halt.reached();
      expect(timedOut).toBe(false);
      // what the engine puts around it is counted, too, and of a frame that was cut the client writes nothing
      expect(stdout.length).toBeLessThanOrEqual(bytes);
      expect(stdout.length > 0).toBe(bytes > 0);
      const left = await until(() => container.sessionProcesses(), { what: 'what was left behind' });
      signalAll(
        left.map(({ pid }) => pid),
        'SIGKILL',
      );
      await container.untilNoGuests();
    }
  });

  it('a proxy answers in the place of the engine, or says nothing until it thaws', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    const body = '{"message":"not today","cause":"not today"}';
    const head = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n`;
    proxy.answer({ request: /\/exec\n/ }, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const refused = await through(container, proxy, exec(container, 'true')).ended;
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('not today');
    proxy.freeze();
    const frozen = through(container, proxy, exec(container, 'echo', 'thawed'));
    // longer than it takes to be answered
    expect(await through(container, { ...proxy, env: {} }, exec(container, 'true')).ended).toMatchObject({
      exitCode: 0,
    });
    expect(frozen.stdout()).toBe('');
    proxy.thaw();
    expect(await frozen.ended).toMatchObject({ exitCode: 0, stdout: 'thawed\n' });
  });
}, socketModes);

describe('a terminal on the host', () => {
  it('carries a conversation, knows its size, and tells the exit code', async () => {
    await using terminal = await openTerminal({ argv: [probe, 'chat'], env: plain, cols: 90, rows: 20 });
    await terminal.waitFor('> ');
    terminal.write('hello\r');
    await terminal.waitFor('you said: hello\r\n');
    expect(await terminal.settings()).toContain('rows 20; columns 90');
    terminal.write('exit\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.output()).toMatch(/bye\r\n$/);
  });

  it('is the controlling terminal of what runs in it, and its Ctrl-C ends that', async () => {
    await using report = await openTerminal({ argv: [probe, 'report'], env: plain, cols: 70, rows: 10 });
    await report.exit;
    const { terminal, size, pid, sid, tpgid } = readReport(report.output());
    expect(terminal).toEqual([true, true, true]);
    expect(size).toEqual({ rows: 10, cols: 70 });
    expect([pid, sid, tpgid]).toEqual([report.pid, report.pid, report.pid]);
    await using sleeper = await openTerminal({ argv: [probe, 'sleep', '3600'], env: plain });
    await sleeper.waitFor('ready');
    sleeper.write('\x03');
    expect(await sleeper.exit).toEqual({ code: null, signal: 'SIGINT' });
  });

  it('can be closed: what runs in it gets a hangup', async () => {
    await using terminal = await openTerminal({ argv: [probe, 'trap', 'HUP', '3'], env: plain });
    await terminal.waitFor('ready');
    terminal.hangup();
    expect(await terminal.exit).toEqual({ code: 3, signal: null });
  });

  it('can have real pipes and files in place of any of the three', async () => {
    await using terminal = await openTerminal({
      argv: [probe, 'report'],
      env: plain,
      redirect: { stdin: 'pipe', stdout: 'pipe', stderr: 'null' },
    });
    await terminal.exit;
    const report = readReport(terminal.pipes.stdout());
    expect(report.terminal).toEqual([false, false, false]);
    expect(report.files).toEqual([
      expect.stringMatching(/^pipe:/),
      expect.stringMatching(/^pipe:/),
      '/dev/null',
    ]);
    expect(terminal.output()).toBe('');
    await using echo = await openTerminal({ argv: [probe, 'cat'], env: plain, redirect: { stdin: 'pipe' } });
    const big = 'x'.repeat(79).concat('\n').repeat(20_000);
    echo.pipes.write(big);
    echo.pipes.end();
    await echo.exit;
    expect(echo.output().replaceAll('\r', '')).toBe(big);
  });

  it('shows raw keys as they are typed', async () => {
    await using terminal = await openTerminal({ argv: [probe, 'keys', '4'], env: plain });
    await terminal.waitFor('ready');
    terminal.write('\x10\x11\x03\x1c');
    await terminal.exit;
    expect(terminal.output()).toContain('keys 1011031c\r\n');
  });

  it('a command that does not exist is 127', async () => {
    await using terminal = await openTerminal({ argv: ['/nonexistent'], env: plain });
    expect(await terminal.exit).toEqual({ code: 127, signal: null });
  });
});

describe.each(['dash', 'busybox ash'])('the probe under %s on the host', (shell) => {
  const somebody = {
    name: 'somebody',
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    home: '/',
    env: plain,
  };
  const run = (args: readonly string[], options = {}) =>
    call(somebody, [...shell.split(' '), probe, ...args], options);

  it('takes and gives ten million bytes unchanged', async () => {
    const bytes = Buffer.alloc(10_000_000, 'any bytes: \0\xff\r\n');
    const cat = await run(['cat'], { input: bytes }).ended;
    expect(cat.stdoutBytes.equals(bytes)).toBe(true);
    const emit = await run(['emit', '10000000', '10000000', '3']).ended;
    expect([emit.exitCode, emit.stdoutBytes.length, emit.stderrBytes.length]).toEqual([
      3, 10_000_000, 10_000_000,
    ]);
  });

  it('ends as it is told', async () => {
    expect((await run(['exit', '42']).ended).exitCode).toBe(42);
    expect((await run(['die', 'KILL']).ended).signal).toBe('SIGKILL');
    await using trapped = run(['trap', 'USR1', '5']);
    await trapped.waitFor('ready');
    trapped.kill('SIGUSR1');
    expect(await trapped.ended).toMatchObject({
      exitCode: 5,
      stdout: expect.stringContaining('goodbye USR1\n'),
    });
    await using endless = run(['endless']);
    await endless.waitFor('line');
    endless.closeStdout();
    expect(['SIGPIPE', null]).toContain((await endless.ended).signal);
    await using deaf = run(['ignore', 'TERM', 'HUP']);
    await deaf.waitFor('ready');
    deaf.kill('SIGTERM');
    deaf.kill('SIGHUP');
    deaf.kill('SIGINT');
    expect((await deaf.ended).signal).toBe('SIGINT');
  });

  it('reports what it inherits: umask, ignored signals, one file for both outputs, arguments that are not text', async () => {
    const first = 'trap "" HUP QUIT; umask 027; exec 2>&1; set -- "$@" "$(printf "a\\377b")"';
    const report = readReport((await run(['report', '-'], { first }).ended).stdoutBytes);
    expect([report.umask, report.ignored]).toEqual(['0027', [1, 3]]);
    expect(report.files[1]).toBe(report.files[2]);
    expect(report.argv.at(-1)).toEqual(Buffer.from('a\xffb', 'latin1'));
  });
});

it('a fake engine stands in on PATH, for any user', async () => {
  const dir = join(engines.dir, 'fakes');
  fakeEngine(dir, 'docker', 'echo "nonsense: $*"; exit 3');
  const { uid, gid } = engines.callerUser;
  const anybody = { name: 'anybody', uid, gid, home: '/', env: plain };
  const { exitCode, stdout } = await call(anybody, ['sh', '-c', 'docker inspect x'], {
    env: { PATH: `${dir}:${plain.PATH}` },
  }).ended;
  expect([exitCode, stdout]).toEqual([3, 'nonsense: inspect x\n']);
});
