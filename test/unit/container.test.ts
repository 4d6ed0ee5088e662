import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineAccess } from '../../src/engine/access.ts';
import { type State, toContainer } from '../../src/engine/container.ts';
import { describeState } from '../../src/engine/describe-state.ts';
import { toContainerPath, toHost } from '../../src/engine/mounts.ts';
import { toProbeResult } from '../../src/engine/probe.ts';
import { judgeSameHome } from '../../src/engine/same-home.ts';
import { containerLike, mounted } from './containers.ts';

const fixture = (name: string) => readFileSync(`${import.meta.dirname}/fixtures/${name}.json`, 'utf8');
const asIs = (path: string) => path;
const direct: EngineAccess = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } };
const bySudo: EngineAccess = {
  engine: 'podman',
  binary: '/usr/bin/podman',
  access: { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' },
};
const byDoas: EngineAccess = {
  ...bySudo,
  access: { kind: 'sudo', tool: 'doas', binary: '/usr/bin/doas' },
};

describe('what an engine prints of a container', () => {
  // captured from docker 20.10 (client 28.2) and podman 4.3, cut to what matters; both made with `-v …:/data/`
  it.each(['docker-running', 'podman-running'])('%s is understood', (name) => {
    const container = toContainer(JSON.parse(fixture(name)));
    expect(container).toMatchObject({
      name: 'hermes-agent',
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      state: { status: 'running', word: 'running', finishedMs: undefined, exitCode: 0 },
      binds: [
        { source: '/var/lib/hermes', destination: '/data', writable: true },
        { source: '/var/lib/hermes/home', destination: '/home/hermes', writable: false },
      ],
      destinations: ['/data', '/home/hermes', '/run/x'],
      hostNetwork: true,
    });
    expect(new Date(container?.state.startedMs ?? 0).toISOString()).toMatch(/^2026-11-22T08:24:01/);
    expect(container?.env.get('HERMES_HOME')).toBe('/data/.hermes');
    expect(judgeSameHome(container ?? containerLike({}), '/var/lib/hermes/.hermes', asIs)).toEqual({
      same: true,
      containerHome: '/data/.hermes',
    });
  });

  it.each(['docker-exited', 'podman-exited'])('%s is understood', (name) => {
    const state = toContainer(JSON.parse(fixture(name)))?.state;
    expect(state).toMatchObject({ status: 'exited', exitCode: 137 });
    expect(state?.finishedMs).toBeGreaterThan(state?.startedMs ?? Number.POSITIVE_INFINITY);
  });

  it('a container that never started has no times', () => {
    expect(toContainer(JSON.parse(fixture('podman-created')))?.state).toMatchObject({
      status: 'created',
      startedMs: undefined,
      finishedMs: undefined,
    });
  });

  it.each([
    ['running', 'running'],
    ['paused', 'paused'],
    ['restarting', 'restarting'],
    ['exited', 'exited'],
    ['created', 'created'],
    ['configured', 'created'],
    ['initialized', 'created'],
    ['stopped', 'exited'],
    ['stopping', 'exited'],
    ['removing', 'exited'],
    ['dead', 'exited'],
    ['Running', 'running'],
    ['unknown', 'other'],
    ['', 'other'],
  ])('the word %j means %s', (word, status) => {
    const [json] = JSON.parse(fixture('docker-running'));
    expect(toContainer({ ...json, State: { Status: word } })?.state.status).toBe(status);
  });

  it('is nothing at all where id or name are missing, whatever else it is', () => {
    for (const json of [
      null,
      [],
      {},
      [null],
      'x',
      5,
      [[]],
      { Id: 'zz', Name: '/x' },
      { Id: 'a'.repeat(64) },
    ]) {
      expect(toContainer(json)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (State, Mounts, Config) => {
        const json = { Id: 'a'.repeat(64), Name: '/x', State, Mounts, Config, HostConfig: Config };
        expect(toContainer(JSON.parse(JSON.stringify(json)))?.name).toBe('x');
      }),
    );
  });

  it('volumes and tmpfs cover what lies below them, but are no directories of the host', () => {
    const [json] = JSON.parse(fixture('docker-running'));
    const Mounts = [
      ...json.Mounts,
      { Type: 'volume', Source: '/var/lib/docker/volumes/v/_data', Destination: '/data/cache', RW: true },
      { Type: 'bind', Source: 'relative', Destination: '/data/odd', RW: true },
    ];
    const container = toContainer({ ...json, Mounts });
    expect(container?.binds).toHaveLength(2);
    expect(container?.destinations).toEqual(['/data', '/home/hermes', '/data/cache', '/data/odd', '/run/x']);
  });
});

describe('where a container stands, in a sentence', () => {
  const now = 1_800_000_000_000;
  const inWords = (state: Partial<State>) =>
    describeState(
      { status: 'exited', word: 'x', startedMs: 1, finishedMs: undefined, exitCode: 137, ...state },
      now,
    );

  it.each([
    [-5000, 'just now'],
    [0, 'just now'],
    [999, 'just now'],
    [1000, '1 second ago'],
    [1999, '1 second ago'],
    [2000, '2 seconds ago'],
    [59_999, '59 seconds ago'],
    [60_000, '1 minute ago'],
    [3_599_999, '59 minutes ago'],
    [3_600_000, '1 hour ago'],
    [86_399_999, '23 hours ago'],
    [86_400_000, '1 day ago'],
    [200 * 86_400_000, '200 days ago'],
  ])('one that ended %d ms ago did so %s', (ms, since) => {
    expect(inWords({ finishedMs: now - ms })).toBe(`exited with code 137, ${since}`);
  });

  it('says no time where the engine does not know it, and nothing but what holds', () => {
    expect(inWords({})).toBe('exited with code 137');
    expect(inWords({ status: 'created', finishedMs: now })).toBe('created, but never started');
    expect(inWords({ status: 'restarting', finishedMs: now })).toBe(
      'restarting over and over, last exit code 137',
    );
  });

  it('is the engine’s own word where that says it, on one line and not at length', () => {
    for (const status of ['running', 'paused', 'other'] as const) {
      expect(inWords({ status, word: status })).toBe(status);
      expect(inWords({ status, word: '' })).toBe('in an unknown state');
      expect(inWords({ status, word: '\u001b[2J\n' })).toBe('\\x1b[2J\\n');
    }
    expect(inWords({ status: 'other', word: 'x'.repeat(40) })).toBe('x'.repeat(40));
    expect(inWords({ status: 'other', word: 'x'.repeat(41) })).toBe(`${'x'.repeat(39)}…`);
  });
});

describe('an answer to a probe', () => {
  const of = (code: number, stdout: string, stderr: string, access = direct, name = 'hermes-agent') =>
    toProbeResult({ kind: 'exited', code, stdout, stderr }, access, name);

  it('that is the container is found', () => {
    for (const name of ['docker-running', 'podman-running', 'docker-exited', 'podman-created'])
      expect(of(0, fixture(name), '')).toMatchObject({ kind: 'found', container: { name: 'hermes-agent' } });
  });

  it('that has another name (engines take id prefixes) is no answer', () => {
    const prefix = JSON.parse(fixture('docker-running'))[0].Id.slice(0, 12);
    expect(of(0, fixture('docker-running'), '', direct, prefix)).toEqual({ kind: 'absent' });
  });

  it.each([
    ['[]\n', 'Error response from daemon: No such container: x', direct, { kind: 'absent' }],
    ['[]\n', 'Error: No such container: x', direct, { kind: 'absent' }],
    ['[]\n', 'Error: inspecting object: no such container x', direct, { kind: 'absent' }],
    ['[]\n', 'Error: inspecting object: no such object: "x"', bySudo, { kind: 'absent' }],
    ['', 'Error: no container with name or ID "x" found: no such container', bySudo, { kind: 'absent' }],
    [
      '[]\n',
      'Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?',
      direct,
      { kind: 'daemon-down' },
    ],
    [
      '[]\n',
      'failed to connect to the docker API at unix:///x; check if the path is correct and if the daemon is running: dial unix /x: connect: no such file or directory',
      direct,
      { kind: 'daemon-down' },
    ],
    [
      '',
      'Cannot connect to Podman. Please verify your connection to the Linux system',
      direct,
      { kind: 'daemon-down' },
    ],
    [
      '[]\n',
      'permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock: Get "http://x": dial unix /run/docker.sock: connect: permission denied',
      direct,
      { kind: 'forbidden' },
    ],
    ['', 'cannot resolve /nope: lstat /nope: no such file or directory', direct, { kind: 'nonsense' }],
    ['', 'sudo: a password is required', bySudo, { kind: 'refused', refusal: 'password' }],
    [
      '',
      'sudo: a terminal is required to read the password; either use the -S option',
      bySudo,
      { kind: 'refused', refusal: 'password' },
    ],
    ['', 'sudo: sorry, you must have a tty to run sudo', bySudo, { kind: 'refused', refusal: 'no-terminal' }],
    [
      '',
      "Sorry, user alice is not allowed to execute '/usr/bin/podman inspect' as root on host.",
      bySudo,
      { kind: 'refused', refusal: 'no-rule' },
    ],
    [
      '',
      "sudo: I'm afraid I can't do that\nSorry, user alice may not run sudo on host.",
      bySudo,
      { kind: 'refused', refusal: 'no-rule' },
    ],
    [
      '',
      'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.\nsudo: If sudo is running in a container, you may need to adjust the container configuration to disable the flag.',
      bySudo,
      { kind: 'refused', refusal: 'no-new-privileges' },
    ],
    [
      '',
      'sudo: /nix/store/x/bin/sudo must be owned by uid 0 and have the setuid bit set',
      bySudo,
      { kind: 'refused', refusal: 'not-setuid' },
    ],
    [
      '',
      "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set?",
      bySudo,
      { kind: 'refused', refusal: 'not-setuid' },
    ],
    ['', 'sudo: unable to open /etc/sudoers', bySudo, { kind: 'refused', refusal: 'other' }],
    ['', 'doas: Operation not permitted', byDoas, { kind: 'refused', refusal: 'no-rule' }],
    ['', 'doas: Authorization required', byDoas, { kind: 'refused', refusal: 'password' }],
    ['', 'doas: not installed setuid', byDoas, { kind: 'refused', refusal: 'not-setuid' }],
    [
      '',
      'doas: doas is not enabled, /etc/doas.conf: No such file or directory',
      byDoas,
      { kind: 'refused', refusal: 'other' },
    ],
    [
      '',
      'sudo: unable to resolve host vm\nError: inspecting object: no such container x',
      bySudo,
      { kind: 'absent' },
    ],
    [
      '',
      'sudo: setrlimit(RLIMIT_CORE): Operation not permitted\nError: inspecting object: no such container x',
      bySudo,
      { kind: 'absent' },
    ],
    [
      '',
      "sudo: I'm sorry alice. I'm afraid I can't do that",
      bySudo,
      { kind: 'refused', refusal: 'no-rule' },
    ],
    ['', 'sudo: interactive authentication is required', bySudo, { kind: 'refused', refusal: 'password' }],
    ['', '', direct, { kind: 'nonsense', detail: 'exit code 1 without a word' }],
    [
      '',
      'runtime/cgo: pthread_create failed: Resource temporarily unavailable\nSIGABRT: abort\nPC=0x1\ngs     0x0',
      direct,
      { kind: 'not-startable', detail: 'EAGAIN' },
    ],
  ] as const)('(%#) %j %j', (stdout, stderr, access, result) => {
    expect(of(1, stdout, stderr, access)).toMatchObject(result);
  });

  it('that makes no sense is shown by its first line', () => {
    expect(of(0, '\n<html>\nhello', '')).toEqual({ kind: 'nonsense', detail: '<html>' });
    expect(of(0, '[]', '')).toEqual({ kind: 'nonsense', detail: '[]' });
  });

  it('that never came, or whose engine did not start, is told as such', () => {
    expect(toProbeResult({ kind: 'timed-out', waitedMs: 15_000, busy: false }, direct, 'x')).toEqual({
      kind: 'silent',
      waitedMs: 15_000,
      busy: false,
    });
    expect(toProbeResult({ kind: 'not-started', code: 'EACCES' }, direct, 'x')).toEqual({
      kind: 'not-startable',
      detail: 'EACCES',
    });
  });
});

describe('mounts', () => {
  const module = containerLike(
    mounted(
      '/var/lib/hermes:/data',
      '/var/lib/hermes/home:/home/hermes',
      '/nix/store:/nix/store:ro',
      '/data/tmp',
    ),
  );

  it.each([
    ['/data/.hermes', '/var/lib/hermes/.hermes'],
    ['/data', '/var/lib/hermes'],
    ['/data/../data/x', '/var/lib/hermes/x'],
    ['/home/hermes/x', '/var/lib/hermes/home/x'],
    ['/nix/store/y', '/nix/store/y'],
    ['/data/tmp/x', undefined],
    ['/database', undefined],
    ['/', undefined],
    ['/data/../etc/passwd', undefined],
  ])('%s of the container is %s on the host', (inside, host) => {
    expect(toHost(inside, module, asIs)?.path).toBe(host);
  });

  it.each([
    ['/var/lib/hermes', '/data'],
    ['/var/lib/hermes/workspace', '/data/workspace'],
    ['/var/lib/hermes/home/x', '/home/hermes/x'],
    ['/nix/store/y', '/nix/store/y'],
    ['/var/lib/hermes-other', undefined],
    ['/var/lib/hermes/tmp', undefined],
    ['/', undefined],
  ])('%s of the host is %s in the container', (host, inside) => {
    expect(toContainerPath(host, module, asIs)).toBe(inside);
  });

  it('a whole host in the container is found below its mount', () => {
    const rootfs = containerLike(mounted('/:/rootfs', '/proc'));
    expect(toContainerPath('/etc', rootfs, asIs)).toBe('/rootfs/etc');
    expect(toHost('/rootfs/etc', rootfs, asIs)?.path).toBe('/etc');
    expect(toHost('/rootfs', rootfs, asIs)?.path).toBe('/');
  });

  it('a source that is a link counts as what it leads to', () => {
    const linked = containerLike(mounted('/srv/hermes:/data'));
    const real = (path: string) => path.replace(/^\/srv/, '/mnt/disk');
    expect(toContainerPath('/mnt/disk/hermes/x', linked, real)).toBe('/data/x');
    expect(toHost('/data/x', linked, real)?.path).toBe('/mnt/disk/hermes/x');
  });

  it('whatever is carried to the host comes back, unless something else is mounted over it', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    const mount = fc.tuple(path, path).map(([source, destination]) => `/host${source}:${destination}`);
    fc.assert(
      fc.property(fc.array(mount, { maxLength: 4 }), path, (mounts, inside) => {
        const unique = [...new Map(mounts.map((entry) => [entry.split(':')[1], entry])).values()];
        const container = containerLike(mounted(...unique));
        const host = toHost(inside, container, asIs);
        if (host === undefined) return;
        const back = toContainerPath(host.path, container, asIs);
        // several places may show the same directory; each leads back to it
        if (back !== undefined) expect(toHost(back, container, asIs)?.path).toBe(host.path);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the same home', () => {
  const home = '/var/lib/hermes/.hermes';
  const judge = (facts: Parameters<typeof containerLike>[0], real: (path: string) => string = asIs) =>
    judgeSameHome(containerLike(facts), home, real);
  const declaring = (path: string | undefined) =>
    new Map(path === undefined ? [] : ([['HERMES_HOME', path]] as const));

  it('is what the container declares, carried back to the host', () => {
    expect(judge({})).toEqual({ same: true, containerHome: '/data/.hermes' });
    expect(judge({ env: declaring('/opt/data'), ...mounted(`${home}:/opt/data`) }).same).toBe(true);
    const real = (path: string) => path.replace(/^\/srv\/link/, '/var/lib/hermes');
    expect(judge(mounted('/srv/link:/data'), real).same).toBe(true);
  });

  it.each([
    ['declares none', { env: declaring(undefined) }, 'declares no home'],
    ['declares an empty one', { env: declaring('') }, 'declares no home'],
    ['declares a relative one', { env: declaring('.hermes') }, 'no absolute path'],
    ['declares one of its own', { env: declaring('/root/.hermes') }, 'no directory of this host'],
    ['declares another', { env: declaring('/data/other') }, 'which is /var/lib/hermes/other on this host'],
    ['climbs out of its mount', { env: declaring('/data/../../etc') }, 'no directory of this host'],
    ['merely mounts /', { env: declaring(undefined), ...mounted('/:/rootfs') }, 'declares no home'],
    [
      'merely mounts /var',
      { env: declaring('/root/.hermes'), ...mounted('/var:/var') },
      'no directory of this host',
    ],
    ['mounts it read-only', mounted('/var/lib/hermes:/data:ro'), 'mounted read-only'],
    [
      'has something else mounted over it',
      mounted('/var/lib/hermes:/data', '/data/.hermes'),
      'no directory of this host',
    ],
    [
      'has another directory mounted over it',
      mounted('/var/lib/hermes:/data', '/tmp/x:/data/.hermes'),
      'which is /tmp/x on this host',
    ],
  ])('is not that of a container that %s', (_, facts, why) => {
    expect(judge(facts)).toMatchObject({ same: false, why: expect.stringContaining(why) });
  });

  it('is told without control characters, whatever the container declares', () => {
    const hostile = judge({ env: declaring('/data/\u001b[2J\u202e') });
    expect(hostile).toMatchObject({ same: false, why: expect.stringContaining('\\x1b[2J\\u{202e}') });
  });
});
