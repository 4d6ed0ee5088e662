import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { companion, companionJson, steady } from '../harness/companion.ts';
import { managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { hostProcesses } from '../harness/host.ts';
import {
  apiModes,
  clientModes,
  describeModes,
  type EngineMode,
  engines,
  transportModes,
} from '../harness/modes.ts';
import { openProxy } from '../harness/proxy.ts';
import { readReport } from '../harness/report.ts';
import { shareContainer } from '../harness/shared.ts';

type Explained = {
  decisions: { about: string; fact: string }[];
  runs: string;
  command: string[];
  api: { socket: string; version: string } | null;
  withheld: string[];
};

const awkward = [
  'report',
  '-',
  'a b',
  '',
  "it's",
  '$HOME',
  'line\nbreak',
  '--json',
  '-x',
  '\x1b[31m',
  '*',
  '--',
];

const byApi = (mode: EngineMode) => apiModes.includes(mode);

/** The socket that the container's caller is led to. */
const socketOf = (mode: EngineMode): string =>
  (mode === 'podman-socket'
    ? (engines.podmanHost ?? 'unix:///run/podman/podman.sock')
    : (engines.dockerHost ?? 'unix:///var/run/docker.sock')
  ).slice('unix://'.length);

/** Why it is not, elsewhere. */
const reasons: Partial<Record<EngineMode, string>> = {
  'docker-client': 'DOCKER_API_VERSION is set, which it follows',
  'podman-root': 'there is no SOCKET for this user',
  'podman-sudo': 'sudo runs it as root',
  'podman-rootless': 'there is no SOCKET for this user',
};

/** The session's id is the one thing that cannot be the same in two calls. */
const anonymous = (words: readonly string[]) =>
  words.map((word) => word.replace(/\d+-\d+-[0-9a-z]+-[0-9a-z]+/g, 'SESSION'));

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('the command that explain prints does what hermes does, pasted into a shell', async () => {
    await using container = await managedContainer(mode, { workdir: '/data' });
    const env = { TZ: "Mars/It's", HERMES_INFERENCE_MODEL: 'a "model"' };
    const explained = await companion(container, ['explain', '--full', '--', ...awkward], { env });
    expect(explained).toMatchObject({ exitCode: 0, stderr: '' });
    // nothing in it can move a cursor, and it is the last paragraph
    expect(explained.stdout).not.toMatch(/\x1b/);
    const command = explained.stdout.slice(
      explained.stdout.indexOf('\n\n', explained.stdout.indexOf('It runs')),
    );
    expect(container.starts()).toEqual([]);
    await using pasted = await container.shell(command, { env });
    const [byHand, byShim] = [await pasted.ended, await container.hermes(awkward, { env })];
    expect(byHand).toMatchObject({ exitCode: 0, stderr: '' });
    const [a, b] = [readReport(byHand.stdoutBytes), readReport(byShim.stdoutBytes)];
    const facts = ({ args, program, env, cwd, umask, uid, gid, terminal }: typeof a) => ({
      args,
      program,
      cwd,
      umask,
      uid,
      gid,
      terminal,
      env: { ...env, HERMES_SHIM_SESSION: '' },
    });
    expect(facts(a)).toEqual(facts(b));
    expect(a.args).toEqual(awkward);
  });

  it('explain tells each decision and its fact, names secrets without their values, and starts nothing', async () => {
    const container = await shared();
    const { stdout } = await companion(container, ['explain', 'sessions', 'list'], {
      env: { LANG: undefined },
    });
    const decisions = steady(stdout, container).split('\n\n')[0] ?? '';
    const sudo = mode === 'podman-sudo';
    const socket = steady(socketOf(mode), container);
    const inspect = `${sudo ? 'sudo ' : ''}${container.engine} inspect NAME: running since TIME, id ID`;
    expect(
      decisions
        .replace(/\/\S*\/sudo/, '/BIN/sudo')
        .replace(/version \d\.\d+/, 'version V')
        .replace(/^access .*\nprobe .*: refused \(.*\n/m, '')
        .replace(/there is no \S+ for/, 'there is no SOCKET for'),
    ).toBe(
      [
        'bypass     HERMES_DEV is not set',
        'inside     not in the managed container',
        'pin        none (/etc/hermes-shim/container-mode)',
        'home       HOME (by HERMES_HOME)',
        'metadata   HOME/.container-mode',
        `           line 2: backend=${container.engine}`,
        '           line 3: container_name=NAME',
        '           line 4: exec_user=hermes',
        '           line 5: hermes_bin=/data/current-package/bin/hermes',
        `engine     ${container.engine} is /BIN/${container.engine}`,
        `access     ${sudo ? 'by /BIN/sudo -n' : 'directly'}`,
        ...(byApi(mode)
          ? [
              `probe      answered on ${socket}, without the engine's client`,
              `           ${inspect}`,
              `transport  by the API, version V, on ${socket}`,
            ]
          : [`probe      ${inspect}`, `transport  by ${container.engine}'s client: ${reasons[mode]}`]),
        'same home  /data/.hermes in there is HOME here',
        'ready      the container is young: user and binary are there',
        'session    as hermes, umask 0022',
        '           in /data/workspace',
        '           through pipes: stdin or stdout is no terminal here, or HERMES_SHIM_STDIN=0',
        '           with nothing of this environment',
      ].join('\n'),
    );
    expect(container.starts()).toEqual([]);
    const env = { HERMES_SHIM_FORWARD_ENV: 'MY_KEY', MY_KEY: 'hunter2' };
    const secret = await companion(container, ['explain', 'version'], { env });
    expect(secret.stdout).toContain('MY_KEY');
    expect(secret.stdout).not.toContain('hunter2');
    expect(secret.stdout).toContain('This line lacks MY_KEY');
  });

  it('says by which way the call itself goes, to people and to programs', async () => {
    const container = await shared();
    const { api } = await companionJson<Explained>(container, ['explain']);
    const { stdout } = await companion(container, ['explain', 'chat']);
    if (byApi(mode)) {
      expect(api).toEqual({ socket: socketOf(mode), version: expect.stringMatching(/^1\.\d+$/) });
      expect(stdout).toContain(
        `It runs in the container, by the engine's API (version ${api?.version}) on ${socketOf(mode)}. By its client the same is:\n`,
      );
    } else {
      expect(api).toBeNull();
      expect(stdout).toContain('It runs in the container, by this command:\n');
    }
  });
}, transportModes);

describeModes((mode) => {
  it('its words are the ones that hermes hands to the engine', async () => {
    await using container = await managedContainer(mode);
    const { stdout } = await companion(container, ['explain', '--json', '--', ...awkward]);
    const { runs, command } = JSON.parse(stdout) as Explained;
    expect(runs).toBe('container');
    // a session that waits shows its client's words in /proc
    await using session = await container.session(['sleep', '300']);
    await session.waitFor('ready');
    const client = hostProcesses().find(({ ppid, argv }) => ppid === session.pid && argv.includes('exec'));
    const begin = command.length - awkward.length;
    expect(anonymous(client?.argv ?? [])).toEqual(anonymous([...command.slice(0, begin), 'sleep', '300']));
  });
}, clientModes);

describeModes((mode) => {
  it('by the API hermes runs by the words that explain’s command ends in', async () => {
    await using container = await managedContainer(mode);
    const explained = await companion(container, ['explain', '--json', '--', ...awkward]);
    const { command } = JSON.parse(explained.stdout) as Explained;
    await using proxy = await openProxy(container);
    await container.hermes(awkward, { env: proxy.env });
    const asked = proxy.asked.find(({ line }) => /^POST .*\/exec$/.test(line));
    const { Cmd: words } = JSON.parse(asked?.body ?? '{}') as { Cmd: string[] };
    const own = anonymous(command.slice(command.indexOf('/bin/sh')));
    // the fourth word after the script are its flags: over the API it says that it has begun
    const unflagged = (all: readonly string[]) => all.map((word, at) => (at === 7 ? 'FLAGS' : word));
    expect(unflagged(anonymous(words))).toEqual(unflagged(own));
    expect(own.slice(-awkward.length)).toEqual(awkward);
  });
}, apiModes);

describeModes(
  (mode) => {
    const shared = shareContainer(mode);

    it('fits a screen: what the shell does in the container is folded, and --full unfolds it', async () => {
      const container = await shared();
      const { stdout } = await companion(container, ['explain', 'chat']);
      const answer = stdout.slice(stdout.indexOf('It runs in the container'));
      expect(stdout.split('\n').length).toBeLessThan(40);
      expect(answer.split('\n').length).toBeLessThan(8);
      expect(answer).toMatch(
        / \/bin\/sh -c <\d+ lines of sh> hermes-wrapper .* \/data\/current-package\/bin\/hermes chat\n/,
      );
      expect(answer).toContain('hermes-shim explain --full');
      const full = (await companion(container, ['explain', '--full', 'chat'])).stdout;
      expect(full).toContain('hs_read_stat() {');
      expect(full).not.toContain('lines of sh>');
    });

    it('says where a native call would go, and why', async () => {
      const container = await shared();
      const dir = join(container.root, 'native');
      mkdirSync(dir);
      chmodSync(dir, 0o755);
      fakeEngine(dir, 'hermes', 'echo native "$@"');
      const env = { HERMES_DEV: '1', HERMES_NATIVE_DIR: dir };
      const { stdout, exitCode } = await companion(container, ['explain', '--', 'chat', 'a b'], { env });
      expect(exitCode).toBe(0);
      expect(steady(stdout, container)).toMatchInlineSnapshot(`
        "bypass     HERMES_DEV is '1'

        It runs on this host (HERMES_DEV=1):

        ROOT/native/hermes chat 'a b'
        "
      `);
    });

    it('says what would be waited for, and then what hermes would say', async () => {
      await using container = await managedContainer(mode);
      await container.stop();
      const { stdout, exitCode } = await companion(container, ['explain', 'chat']);
      expect(exitCode).toBe(1);
      const end = stdout.slice(stdout.indexOf('It runs nowhere'));
      expect(end).toMatch(
        /^It runs nowhere: exit code 125\n\nhermes would wait up to 10 s for container \S+ \(exited\), then say:\nhermes-shim: container '\S+' is not running/,
      );
      const json = await companionJson<{ runs: string; exitCode: number; wait: string }>(container, [
        'explain',
      ]);
      expect(json).toMatchObject({
        runs: 'nowhere',
        exitCode: 125,
        error: { says: expect.stringContaining('is not running') },
      });
    });

    it('typed in a terminal it is the command for a terminal', async () => {
      const container = await shared();
      await using terminal = await container.terminal(['explain', 'chat'], {
        name: 'hermes-shim',
        cols: 500,
      });
      await terminal.exit;
      expect(terminal.output()).toContain('with a terminal: stdin and stdout are terminals here');
      expect(terminal.output()).toMatch(
        /docker exec -i -t '--detach-keys=ctrl-\^,ctrl-@,ctrl-\^,ctrl-@' -u hermes/,
      );
    });

    it('tells what hermes would complain of before it looks for the container', async () => {
      const container = await shared();
      const env = { HERMES_SHIM_WAIT: 'soon' };
      const { stdout, exitCode } = await companion(container, ['explain', 'chat'], { env });
      expect([exitCode, stdout]).toEqual([1, expect.stringContaining("HERMES_SHIM_WAIT is 'soon'")]);
      expect((await container.hermes(['chat'], { env })).stderr).toContain("HERMES_SHIM_WAIT is 'soon'");
    });

    it('tells the same by the other names', async () => {
      const container = await shared();
      const last = async (name: string) => {
        const ended = await companion(container, ['explain', '--json', '--name', name, '--', 'x']);
        return (JSON.parse(ended.stdout) as Explained).command.slice(-3);
      };
      expect(await last('hermes-agent')).toEqual([
        '/data/workspace',
        '/data/current-package/bin/hermes-agent',
        'x',
      ]);
      expect(await last('hermes-acp')).toEqual(['/data/current-package/bin/hermes', 'acp', 'x']);
    });

    it('tells which line of the metadata is wrong', async () => {
      await using container = await managedContainer(mode);
      container.writeMetadata({ exec_user: '-u0\x1b[2J' });
      const { stdout, exitCode } = await companion(container, ['explain']);
      expect(exitCode).toBe(1);
      expect(stdout).not.toMatch(/\x1b/);
      expect(stdout).toMatch(/\.container-mode, line 4: exec_user is '-u0\\x1b\[2J'/);
    });
  },
  ['docker'],
);
