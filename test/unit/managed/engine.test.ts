import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/engine/container.ts';
import { labels, readInspect } from '../../../src/managed/engine/facts.ts';
import { refuseSharing, sharesHome } from '../../../src/managed/engine/sharing.ts';

describe('what an engine answers when some of it is not there', () => {
  const one = '[{"Id": "a"}]\n';

  it.each([
    ['docker', 'Error: No such object: x-before'],
    ['docker', 'Error response from daemon: No such container: x-before'],
    [
      'docker, with a configuration that it cannot read',
      'WARNING: Error loading config file: /c.json: no such file\nerror: no such object: x',
    ],
    ['podman', 'Error: error inspecting object: no such container x-before'],
    [
      'podman without a session of systemd',
      'time="2026-11-29T17:00:00Z" level=warning msg="The cgroupv2 manager is set to systemd but there is no systemd user session available"\ntime="2026-11-29T17:00:00Z" level=warning msg="Falling back to --cgroup-manager=cgroupfs"\nError: inspecting object: no such container x-before',
    ],
    [
      'podman at a terminal',
      'WARN[0000] "/" is not a shared mount: it does not exist\nError: inspecting object: x: image not known',
    ],
  ])('%s: warnings are no answer', (_, stderr) => {
    expect(readInspect({ stdout: one, stderr })).toEqual({
      found: [{ Id: 'a' }],
      missing: 1,
      complaints: [],
    });
  });

  it('what is wrong is no absence, and is told without what is not', () => {
    const stderr =
      'Error: No such container: x\nCannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n';
    expect(readInspect({ stdout: '[]\n', stderr })).toMatchObject({
      found: [],
      missing: 1,
      complaints: [expect.stringContaining('Cannot connect')],
    });
    const unknown = 'Error: error inspecting object: permission denied';
    expect(readInspect({ stdout: '', stderr: unknown })).toMatchObject({ missing: 0 });
  });
});

describe('a container works on this home', () => {
  const wanted = { containerName: 'b', home: '/s/.hermes', stateDir: '/s', kind: 'package' } as const;
  const bind = (source: string, destination: string, writable = true) => ({ source, destination, writable });
  const container = (change: Partial<Container>): Container => ({
    id: 'a'.repeat(64),
    name: 'a',
    state: { status: 'running', word: 'running', startedMs: 0, finishedMs: undefined, exitCode: 0 },
    env: new Map(),
    binds: [],
    destinations: (change.binds ?? []).map(({ destination }) => destination),
    workingDir: '',
    volumes: [],
    hostNetwork: true,
    command: [],
    labels: new Map(),
    ...change,
  });
  const ours = new Map([[labels.managed, '/s']]);

  it.each([
    ['was made for it under another name', { labels: ours }, true],
    ['was put aside', { name: 'b-before', labels: ours }, false],
    ['is ours', { name: 'b', labels: ours }, false],
    [
      'is put aside by somebody else, and works on it',
      { name: 'b-before', command: ['gateway'], binds: [bind('/s', '/data')] },
      true,
    ],
    ['has the home', { command: ['gateway'], binds: [bind('/s/.hermes', '/root/.hermes')] }, true],
    ['has the home by a link', { command: ['gateway'], binds: [bind('/link', '/root/.hermes')] }, true],
    ['has it to read', { command: ['gateway'], binds: [bind('/s/.hermes', '/x', false)] }, false],
    ['has the state directory', { command: ['gateway'], binds: [bind('/s', '/data')] }, true],
    [
      'has the home to copy it',
      { command: ['syncthing'], binds: [bind('/s/.hermes', '/root/.hermes')] },
      false,
    ],
    ['has all of the host, for a backup', { binds: [bind('/', '/host')] }, false],
    [
      'has all of the host and works on it',
      { binds: [bind('/', '/host')], env: new Map([['HERMES_HOME', '/host/s/.hermes']]) },
      true,
    ],
    ['shows its dashboard', { binds: [bind('/s/.hermes', '/opt/data')], command: ['dashboard'] }, false],
    ['has another', { binds: [bind('/t', '/data')], labels: new Map([[labels.managed, '/t']]) }, false],
  ])('%s', (_, change: Partial<Container>, shares) => {
    const resolve = (path: string) => (path === '/link' ? '/s/.hermes' : path);
    expect(sharesHome(container(change), wanted, resolve)).toBe(shares);
  });

  it('with another engine than ours, by whatever name', () => {
    const before = container({ name: 'b', labels: ours });
    expect(sharesHome(before, { ...wanted, containerName: undefined }, (path) => path)).toBe(true);
  });

  it('is never joined by ours, which is started only where it ran beside it already', () => {
    const via = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } } as const;
    const sharing = [{ via, container: container({}) }];
    const start = (status: Container['state']['status'], others = sharing) => {
      const { state } = container({});
      refuseSharing(container({ name: 'b', state: { ...state, status } }), others, wanted);
    };
    for (const status of ['created', 'exited', 'paused', 'restarting'] as const) {
      expect(() => start(status)).toThrow("container 'a' (docker) runs on this home already");
      expect(() => start(status, [])).not.toThrow();
    }
    expect(() => start('running')).not.toThrow();
  });

  it("with the official image the state directory may be somebody's home, which others mount", () => {
    const dev = container({ command: ['gateway'], binds: [bind('/s', '/workspace')] });
    expect(sharesHome(dev, { ...wanted, kind: 'official' }, (path) => path)).toBe(false);
  });
});
