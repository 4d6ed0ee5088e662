import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type Access, accessOrder, type EngineAccess, engineCommand } from '../../src/engine/access.ts';
import type { Cause } from '../../src/engine/cause.ts';
import { endpointOf, isLocal } from '../../src/engine/endpoint.ts';
import { mostHelpfulCause } from '../../src/engine/helpful-cause.ts';
import { findNonExecutable, locateElevation, locateEngine } from '../../src/engine/locate.ts';
import { probe } from '../../src/engine/probe.ts';
import { isYoung, judgeReadiness, numericUser } from '../../src/engine/readiness.ts';
import { runCommand } from '../../src/system/run-command.ts';
import { containerLike } from './containers.ts';

const direct: Access = { kind: 'direct' };
const sudo: Access = { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' };
const doas: Access = { kind: 'sudo', tool: 'doas', binary: '/usr/bin/doas' };
const podman = (access: Access): EngineAccess => ({ engine: 'podman', binary: '/usr/bin/podman', access });
const docker = (access: Access): EngineAccess => ({ engine: 'docker', binary: '/usr/bin/docker', access });

describe('how an engine is reached', () => {
  it.each([
    [{ engine: 'docker', uid: 0, ownerUid: 1000 }, ['direct']],
    [{ engine: 'podman', uid: 0, ownerUid: undefined }, ['socket', 'direct']],
    [{ engine: 'docker', uid: 1000, ownerUid: 4242 }, ['direct', 'sudo']],
    [{ engine: 'podman', uid: 1000, ownerUid: 1000 }, ['socket', 'direct', 'sudo']],
    [{ engine: 'podman', uid: 1000, ownerUid: 4242 }, ['socket', 'sudo', 'direct']],
    [{ engine: 'podman', uid: 1000, ownerUid: undefined }, ['socket', 'sudo', 'direct']],
    [{ engine: 'podman', uid: 1000, ownerUid: undefined, named: true }, ['direct', 'sudo']],
    [{ engine: 'podman', uid: 0, ownerUid: 0, named: true }, ['direct']],
  ] as const)('%j is tried %j', (facts, order) => {
    expect(accessOrder(facts)).toEqual(order);
  });

  it('is one command line: never a prompt, and a probe never passes on a cached ticket', () => {
    expect(engineCommand(podman(direct), ['exec', 'x'], true)).toEqual(['/usr/bin/podman', 'exec', 'x']);
    expect(engineCommand(podman(sudo), ['inspect', 'x'], true)).toEqual([
      ...['/usr/bin/sudo', '-n', '-k', '/usr/bin/podman', 'inspect', 'x'],
    ]);
    expect(engineCommand(podman(sudo), ['exec', 'x'])).toEqual([
      ...['/usr/bin/sudo', '-n', '/usr/bin/podman', 'exec', 'x'],
    ]);
    expect(engineCommand(podman(doas), ['inspect', 'x'], true)).toEqual([
      ...['/usr/bin/doas', '-n', '/usr/bin/podman', 'inspect', 'x'],
    ]);
  });
});

describe('of two reasons the telling one is told', () => {
  const engine = 'podman';
  const absent: Cause = { kind: 'absent', engine };
  const forbidden: Cause = { kind: 'socket-forbidden', engine: 'docker', binary: '/d', detail: '' };
  const down: Cause = { kind: 'daemon-down', engine: 'docker', detail: '' };
  const podmanDown: Cause = { kind: 'daemon-down', engine, detail: '' };
  const silent: Cause = { kind: 'engine-silent', engine, waitedMs: 15_000, busy: false };
  const foreign: Cause = { kind: 'foreign', engine, why: 'is not it' };
  const nonsense: Cause = { kind: 'engine-nonsense', engine, detail: '' };
  const noSudo: Cause = { kind: 'no-sudo', engine, binary: '/p' };
  const refused: Cause = {
    kind: 'sudo-refused',
    engine,
    binary: '/p',
    tool: 'sudo',
    refusal: 'password',
    detail: '',
  };
  const stopped: Cause = {
    kind: 'not-running',
    engine,
    container: containerLike({}),
    via: podman(sudo),
  };
  it.each([
    ['docker, forbidden, sudo refused: the socket', 'docker', forbidden, refused, false, forbidden],
    ['docker, no such container, sudo refused: there is none', 'docker', absent, refused, false, absent],
    ['docker, daemon down, sudo refused: the daemon', 'docker', down, refused, false, down],
    ['docker, forbidden, sudo sees it stopped: that', 'docker', forbidden, stopped, false, stopped],
    ['podman, not mine, sudo refused: sudo', 'podman', absent, refused, false, refused],
    ['podman, not mine, no sudo at all: that', 'podman', absent, noSudo, false, noSudo],
    ['podman of my own, sudo refused: there is none', 'podman', absent, refused, true, absent],
    [
      'podman, another one of that name is mine, sudo refused: sudo',
      'podman',
      foreign,
      refused,
      false,
      refused,
    ],
    ['podman that does not work for me, sudo refused: sudo', 'podman', nonsense, refused, false, refused],
    [
      'podman, another one of that name is mine, root has none: mine',
      'podman',
      foreign,
      absent,
      false,
      foreign,
    ],
    [
      'podman, another one of that name is mine, root’s is stopped: root’s',
      'podman',
      foreign,
      stopped,
      false,
      stopped,
    ],
    ['podman, mine is stopped, sudo refused: mine', 'podman', stopped, refused, false, stopped],
    ['root, who needs no sudo', 'podman', absent, undefined, false, absent],
    ['nobody was asked', 'podman', undefined, undefined, false, absent],
  ] as const)('%s', (_, of, byDirect, bySudo, own, told) => {
    expect(mostHelpfulCause(of, { direct: byDirect, sudo: bySudo }, own)).toEqual(told);
  });

  it.each([
    ['a service that is being started anew, sudo refused: the service', podmanDown, refused, podmanDown],
    ['a service that hangs, no sudo: the service', silent, noSudo, silent],
    ['a service that does not answer, but sudo sees it stopped: that', podmanDown, stopped, stopped],
    ['a service that answers, sudo refused: sudo', absent, refused, refused],
  ])('podman with %s', (_, served, bySudo, told) => {
    expect(mostHelpfulCause('podman', { direct: absent, sudo: bySudo, served }, false)).toEqual(told);
    if (bySudo !== stopped) expect(mostHelpfulCause('podman', { sudo: bySudo, served }, false)).toEqual(told);
  });
});

describe('where an engine listens', () => {
  const none = () => undefined;
  it.each([
    [docker(direct), {}, { kind: 'default' }],
    [docker(direct), { DOCKER_HOST: 'tcp://1.2.3.4:1' }, { kind: 'address', address: 'tcp://1.2.3.4:1' }],
    [
      docker(direct),
      { DOCKER_HOST: 'unix:///x', DOCKER_CONTEXT: 'far' },
      { kind: 'address', address: 'unix:///x' },
    ],
    [docker(direct), { DOCKER_CONTEXT: 'far' }, { kind: 'context', name: 'far' }],
    [docker(direct), { DOCKER_CONTEXT: 'default' }, { kind: 'default' }],
    [docker(direct), { CONTAINER_HOST: 'tcp://x' }, { kind: 'default' }],
    [docker(sudo), { DOCKER_HOST: 'tcp://x', DOCKER_CONTEXT: 'far' }, { kind: 'default' }],
    [podman(direct), { CONTAINER_HOST: 'ssh://x' }, { kind: 'address', address: 'ssh://x' }],
    [podman(direct), { CONTAINER_CONNECTION: 'far' }, { kind: 'address', address: 'connection far' }],
    [podman(direct), { DOCKER_HOST: 'tcp://x' }, { kind: 'default' }],
    [podman(sudo), { CONTAINER_HOST: 'ssh://x' }, { kind: 'default' }],
  ])('%j with %j: %j', (access, env, endpoint) => {
    expect(endpointOf(access, env, { dockerConfig: none })).toEqual(endpoint);
  });

  it('is also said by docker’s own settings, where the environment says nothing', () => {
    const dockerConfig = () => 'far';
    const remote = { dockerConfig, contextHost: () => 'ssh://host' };
    expect(endpointOf(docker(direct), {}, remote)).toEqual({ kind: 'context', name: 'far' });
    const local = { dockerConfig, contextHost: () => 'unix:///run/user/7/docker.sock' };
    expect(endpointOf(docker(direct), {}, local)).toEqual({
      kind: 'address',
      address: 'unix:///run/user/7/docker.sock',
    });
    expect(endpointOf(docker(direct), { DOCKER_CONTEXT: 'default' }, local)).toEqual({ kind: 'default' });
    expect(endpointOf(docker(direct), { DOCKER_HOST: 'unix:///x' }, { dockerConfig }).kind).toBe('address');
  });

  it.each([
    ['unix:///run/docker.sock', true],
    ['/run/podman.sock', true],
    ['tcp://127.0.0.1:2375', false],
    ['ssh://root@here', false],
    ['', false],
    ['connection far', false],
  ])('%s is of this machine: %s', (address, local) => {
    expect(isLocal(address)).toBe(local);
  });
});

describe('an engine’s binary', () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const place = (dir: string, name: string, mode = 0o755) => {
    mkdirSync(join(scratch, dir), { recursive: true });
    writeFileSync(join(scratch, dir, name), '#!/bin/sh\n');
    chmodSync(join(scratch, dir, name), mode);
    return join(scratch, dir);
  };

  it('is the first on PATH that can be executed, and stays as it stands there', () => {
    const [plain, good] = [place('plain', 'docker', 0o644), place('good', 'docker')];
    expect(locateEngine('docker', { PATH: `${scratch}/none:${plain}:${good}` })).toBe(`${good}/docker`);
    expect(findNonExecutable('docker', { PATH: `${good}/x:${plain}:${good}` })).toBe(`${plain}/docker`);
  });

  it('is never taken from a relative directory of PATH', () => {
    const before = process.cwd();
    process.chdir(place('here', 'docker'));
    place('here/bin', 'docker');
    try {
      for (const PATH of ['.', '', ':', 'bin', './bin', '"."']) {
        const found = locateEngine('docker', { PATH });
        expect(found ?? '/').toMatch(/^\//);
        expect(found ?? '').not.toContain(scratch);
      }
    } finally {
      process.chdir(before);
    }
  });

  it('is looked for past directories that are none and such as cannot be entered', () => {
    const file = join(place('odd', 'file'), 'file');
    const plain = place('plain-podman', 'podman', 0o644);
    const PATH = `${file}:${'/x'.repeat(3000)}:/root/none:${plain}`;
    expect(findNonExecutable('podman', { PATH })).toBe(`${plain}/podman`);
  });

  it('sudo and doas are never the current directory’s, nor what merely bears their name', () => {
    const before = process.cwd();
    const here = place('elevating', 'sudo');
    for (const dir of ['elevating', 'elevating/bin']) for (const tool of ['sudo', 'doas']) place(dir, tool);
    mkdirSync(join(scratch, 'directory/sudo'), { recursive: true });
    const plain = place('unexecutable', 'sudo', 0o644);
    process.chdir(here);
    try {
      for (const PATH of [
        undefined,
        '',
        ':',
        '.:',
        'bin:./bin',
        '../elevating',
        `${scratch}/directory:${plain}`,
      ])
        expect(locateElevation({ PATH })?.binary ?? '').not.toContain(scratch);
      expect(locateElevation({ PATH: `.:bin::${scratch}/directory:${here}:/usr/bin` })?.binary).toBe(
        `${here}/sudo`,
      );
    } finally {
      process.chdir(before);
    }
  });

  it('lies where the kernel finds it: `..` behind a link is the link’s target’s parent', () => {
    const real = place('deep/real', 'docker');
    mkdirSync(join(scratch, 'deep/below'));
    symlinkSync(join(scratch, 'deep/below'), join(scratch, 'shortcut'));
    const PATH = `${scratch}/shortcut/../real`;
    expect(realpathSync.native(locateEngine('docker', { PATH }) ?? '/')).toBe(`${real}/docker`);
  });

  it('doas stands in only where there is no sudo', () => {
    const both = place('both', 'sudo');
    place('both', 'doas');
    expect(locateElevation({ PATH: both })?.tool).toBe('sudo');
  });
});

describe('a probe', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
  const binary = join(directory, 'podman');
  const fixture = join(directory, 'answer');
  const answer = readFileSync(new URL('fixtures/podman-running.json', import.meta.url), 'utf8').trimEnd();
  const name = String(JSON.parse(answer)[0].Name);
  const via: EngineAccess = { engine: 'podman', binary, access: direct };
  const ask = (script: string) => {
    writeFileSync(fixture, answer);
    writeFileSync(binary, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return probe(via, name, { env: { PATH: process.env.PATH } });
  };
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is answered as soon as the answer is whole, in whatever pieces it comes', async () => {
    const pid = join(directory, 'pid');
    const halves = `head -c 1000 ${fixture}; sleep 0.1; tail -c +1001 ${fixture}`;
    for (const print of [`cat ${fixture}`, halves]) {
      const script = `echo $$ >${pid}; ${print}; echo; exec sleep 600`;
      expect(await ask(script)).toMatchObject({ kind: 'found', container: { name } });
      // throws where it has ended, and the answer with it
      process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
    }
  });

  it('is not answered by an empty list, but by what the engine says of it', async () => {
    expect(await ask('echo "[]"; echo "Error: no such container x" >&2; exit 125')).toEqual({
      kind: 'absent',
    });
    expect(await ask(`head -c 1000 ${fixture}; echo "]"`)).toMatchObject({ kind: 'nonsense' });
  });
});

describe('a command that does not end', () => {
  it('is killed and counts as silent when its time is up', async () => {
    const binary = join(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')), 'podman');
    writeFileSync(binary, '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
    const env = { PATH: process.env.PATH };
    const asked = probe({ engine: 'podman', binary, access: direct }, 'x', {
      env,
      // a slow machine may still be starting it at the first look
      patience: { silentMs: 200, everyMs: 100, longestMs: 60_000 },
    });
    expect(await asked).toMatchObject({ kind: 'silent', busy: false });
    rmSync(join(binary, '..'), { recursive: true });
    expect(await runCommand(['/bin/sleep', '600'], { env: {}, timeoutMs: 50 })).toEqual({
      kind: 'timed-out',
      waitedMs: 50,
      busy: false,
    });
  });

  it('is not waited for even when something that cannot be killed holds its pipes open', async () => {
    const pid = join(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')), 'pid');
    const script = `setsid sh -c 'echo $$ >${pid}; exec sleep 600' & exec sleep 600`;
    const env = { PATH: process.env.PATH };
    const patience = { silentMs: 200, everyMs: 100, longestMs: 60_000 };
    expect(await runCommand(['/bin/sh', '-c', script], { env, timeoutMs: patience })).toMatchObject({
      kind: 'timed-out',
    });
    const holder = await vi.waitFor(() => readFileSync(pid, 'utf8').trim() || expect.fail(), 60_000);
    // throws where it has ended
    process.kill(Number(holder), 'SIGKILL');
    rmSync(join(pid, '..'), { recursive: true });
  });

  it('tells why it could not be started', async () => {
    expect(await runCommand(['/nonexistent'], { env: {}, timeoutMs: 1000 })).toEqual({
      kind: 'not-started',
      code: 'ENOENT',
    });
  });
});

describe('readiness', () => {
  const about = { access: docker(direct), bin: '/data/bin/hermes' };
  const said = (stdout: string, stderr = '', code = 0) =>
    judgeReadiness({ kind: 'exited', code, stdout, stderr }, about)?.kind;

  it('is what the container itself says', () => {
    expect(said('ready\n')).toBeUndefined();
    expect(said('missing\n')).toBe('binary-missing');
    expect(said('forbidden\n')).toBe('binary-not-executable');
  });

  it.each([
    ['unable to find user hermes: no matching entries in passwd file', 'user-missing'],
    ['Error: unable to find user hermes: no matching entries in passwd file', 'user-missing'],
    ['unable to find group x: no matching entries in group file', 'user-missing'],
    ['Error response from daemon: Container abc is not running', 'check-failed'],
    ['', 'check-failed'],
  ])('of an engine that says %j is %s', (words, kind) => {
    expect(said('', words, 126)).toBe(kind);
  });

  it('of an engine that is silent or does not start is told as such', () => {
    expect(judgeReadiness({ kind: 'timed-out', waitedMs: 15_000, busy: false }, about)?.kind).toBe(
      'engine-silent',
    );
    expect(judgeReadiness({ kind: 'not-started', code: 'EACCES' }, about)).toMatchObject({
      kind: 'check-failed',
      detail: 'EACCES',
    });
  });

  it('is asked of a container younger than two minutes only', () => {
    const started = (startedMs: number | undefined) =>
      containerLike({ state: { ...containerLike({}).state, startedMs } });
    expect(isYoung(started(1_000_000), 1_119_999)).toBe(true);
    expect(isYoung(started(1_000_000), 1_120_000)).toBe(false);
    expect(isYoung(started(undefined), 1_000_000)).toBe(false);
  });

  it.each([
    [{ HERMES_UID: '1000', HERMES_GID: '100' }, '1000:100'],
    [{ HERMES_UID: '1000' }, undefined],
    [{ HERMES_UID: '', HERMES_GID: '' }, undefined],
    [{ HERMES_UID: '-1', HERMES_GID: '0' }, undefined],
    [{ HERMES_UID: '0 --privileged', HERMES_GID: '0' }, undefined],
    [{ HERMES_UID: '12345678901', HERMES_GID: '0' }, undefined],
  ])('falls back to numbers: %j gives %s', (env, user) => {
    expect(numericUser(containerLike({ env: new Map(Object.entries(env)) }))).toBe(user);
  });
});
