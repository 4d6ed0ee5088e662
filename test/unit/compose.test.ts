import { describe, expect, it } from 'vitest';
import { chooseGateway } from '../../src/companion/role.ts';
import { composeCommand, composedBy } from '../../src/engine/compose.ts';
import { chooseOfService } from '../../src/engine/find-service.ts';
import { roleOf } from '../../src/engine/role.ts';
import { containerLike } from './containers.ts';

const labels = (more: Record<string, string> = {}) =>
  new Map(
    Object.entries({
      'com.docker.compose.project': 'agent',
      'com.docker.compose.service': 'gateway',
      'com.docker.compose.project.working_dir': '/srv/agent',
      'com.docker.compose.project.config_files': '/srv/agent/compose.yaml',
      'com.docker.compose.version': '2.26.1',
      ...more,
    }),
  );
const same = (path: string) => path;
const up = (more: Record<string, string>, facts = {}, engine: 'docker' | 'podman' = 'docker') =>
  composeCommand(containerLike({ labels: labels(more), ...facts }), engine, 'up -d', same);

describe('what is typed to compose', () => {
  it('names the file, and the project where the directory does not', () => {
    expect(up({})).toBe('docker compose -f /srv/agent/compose.yaml up -d gateway');
    expect(up({ 'com.docker.compose.project': 'other' })).toBe(
      'docker compose -f /srv/agent/compose.yaml -p other up -d gateway',
    );
    const two = { 'com.docker.compose.project.config_files': "docker-compose.yml,it's.yml" };
    expect(up(two)).toBe(
      "docker compose -f /srv/agent/docker-compose.yml -f '/srv/agent/it'\\''s.yml' up -d gateway",
    );
  });

  it('is what made it: docker-compose 1, podman-compose, or podman compose', () => {
    expect(up({ 'com.docker.compose.version': '1.29.2' })).toMatch(/^docker-compose -f /);
    expect(up({ 'io.podman.compose.project': 'agent' }, {}, 'podman')).toMatch(/^podman-compose -f /);
    expect(up({}, {}, 'podman')).toMatch(/^podman compose -f /);
  });

  it('never names a file that the container can write: what is pasted would be its own', () => {
    const binds = [{ source: '/srv', destination: '/data', writable: true }];
    expect(up({}, { binds })).toBe('docker compose -p agent up -d gateway   # where its compose file lies');
    const readOnly = [{ source: '/srv', destination: '/data', writable: false }];
    expect(up({}, { binds: readOnly })).toContain('-f /srv/agent/compose.yaml');
  });

  it('is nothing where the labels hold no name of compose', () => {
    for (const service of ['', '-x', 'a b', '$(id)', 'a;b', 'a\u001b[2J'])
      expect(composedBy(containerLike({ labels: labels({ 'com.docker.compose.service': service }) }))).toBe(
        undefined,
      );
  });
});

describe('of several containers', () => {
  const candidate = (name: string, command: string[], service?: string) => ({
    via: { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } } as const,
    container: containerLike({
      name,
      command,
      labels: service === undefined ? new Map() : labels({ 'com.docker.compose.service': service }),
    }),
    ...{ containerHome: '/opt/data', why: undefined, volume: undefined },
  });
  const gateway = candidate('hermes', ['gateway', 'run']);
  const dashboard = candidate('hermes-dashboard', ['dashboard', '--no-open']);

  it('hermes belongs to the one that runs the gateway', () => {
    expect(chooseGateway([dashboard, gateway])).toMatchObject({
      chosen: gateway,
      why: "runs the gateway, 'hermes-dashboard' does not",
    });
    const plain = candidate('plain', []);
    expect(chooseGateway([dashboard, plain])).toMatchObject({ chosen: plain });
    expect(chooseGateway([gateway, candidate('second', ['gateway', 'run'])])).toBeUndefined();
    expect(chooseGateway([plain, candidate('second', [])])).toBeUndefined();
  });

  it('what it runs tells more than what its service is called', () => {
    expect(roleOf(candidate('x', ['gateway', 'run'], 'dashboard').container)).toBe('gateway');
    expect(roleOf(candidate('x', [], 'dashboard').container)).toBe('dashboard');
    expect(roleOf(candidate('x', ['sleep', '9'], 'web').container)).toBeUndefined();
  });

  it('of one service the running one is taken, never one that compose run made for a command', () => {
    const exited = { status: 'exited', word: 'exited', startedMs: 1, finishedMs: 2, exitCode: 0 } as const;
    const one = (number: string, facts = {}, more = {}) =>
      containerLike({ labels: labels({ 'com.docker.compose.container-number': number, ...more }), ...facts });
    const [first, second] = [one('1', { state: exited }), one('2')];
    const once = one('1', {}, { 'com.docker.compose.oneoff': 'True' });
    expect(chooseOfService([once, first, second])).toBe(second);
    expect(chooseOfService([second, first].map((x) => ({ ...x, state: exited })))).toMatchObject({
      labels: first.labels,
    });
    expect(chooseOfService([once])).toBeUndefined();
  });
});
