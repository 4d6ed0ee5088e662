import { describe, expect, it } from 'vitest';
import { judgeFiles } from '../../src/companion/check-files.ts';
import { checkGateways, checkNetwork, checkWriteRoot } from '../../src/companion/check-surroundings.ts';
import { containerLike, mounted } from './containers.ts';

const env = (root?: string) => new Map(root === undefined ? [] : [['HERMES_WRITE_SAFE_ROOT', root]]);
const fixOf = (check: { fixes: ReadonlyArray<{ text: string }> }) => check.fixes[0]?.text;

describe('a directory that hermes’s own tools may not write', () => {
  it('is one that is mounted for writing outside of every safe root', () => {
    const { binds } = mounted('/srv/home:/opt/data', '/srv/p:/projects', '/srv/r:/reading:ro');
    const check = checkWriteRoot({ env: env('/opt/data'), binds });
    expect(check).toMatchObject({ status: 'warning' });
    expect(check.says).toContain('/projects (/srv/p here) is mounted for writing');
    expect(check.says).not.toContain('/reading');
    expect(fixOf(check)).toBe('-e HERMES_WRITE_SAFE_ROOT=/opt/data:/projects');
    for (const root of ['/opt/data:/projects', '/', '/opt/data/:/projects/'])
      expect(checkWriteRoot({ env: env(root), binds })).toMatchObject({ status: 'ok' });
  });

  it('is not one that only begins with the same letters, and nothing where there is no safe root', () => {
    const { binds } = mounted('/srv/x:/opt/data2');
    expect(checkWriteRoot({ env: env('/opt/data'), binds })).toMatchObject({ status: 'warning' });
    expect(checkWriteRoot({ env: env(), binds })).toMatchObject({ status: 'ok' });
    expect(checkWriteRoot({ env: env(''), binds })).toMatchObject({ status: 'ok' });
  });

  it('gets no advice to paste where its name could not be said in a list', () => {
    const binds = [{ source: '/s', destination: '/a:$(id)', writable: true }];
    expect(checkWriteRoot({ env: env('/opt/data'), binds }).fixes).toEqual([]);
  });
});

describe('files that hermes cannot use', () => {
  const about = {
    owner: '10000:10000',
    user: 'hermes',
    home: '/opt/data',
    command: 'docker',
    name: 'hermes',
  };

  it('are mended by one chown of those', () => {
    const check = judgeFiles(['/opt/data/auth.json', "/opt/data/it's"], about);
    expect(check.says).toBe("hermes cannot read or write auth.json, it's in the home");
    expect(fixOf(check)).toBe(
      "docker exec -u 0 hermes chown -h 10000:10000 /opt/data/auth.json '/opt/data/it'\\''s'",
    );
    expect(judgeFiles([], about)).toMatchObject({ status: 'ok' });
  });

  it('are counted where there are many, and mended by who does not own them', () => {
    const many = Array.from({ length: 9 }, (_, index) => `/opt/data/f${index}`);
    const check = judgeFiles(many, about);
    expect(check.says).toContain('f4 and 4 more');
    expect(fixOf(check)).toBe(
      'docker exec -u 0 hermes find /opt/data -xdev ! -user 10000 -exec chown -h 10000:10000 {} +',
    );
  });
});

describe('what else lies around it', () => {
  it('a second gateway on the same home is named, a dashboard is not, nor the container itself', () => {
    const via = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } } as const;
    const one = (name: string, id: string, command: string[]) => ({
      ...{ via, containerHome: '/opt/data', why: undefined, volume: undefined },
      container: containerLike({ name, id: id.repeat(64), command }),
    });
    const own = one('hermes', 'a', ['gateway', 'run']);
    const dashboard = one('board', 'b', ['dashboard']);
    expect(checkGateways(own.container, [own, dashboard])).toMatchObject({ status: 'ok' });
    const second = checkGateways(own.container, [own, dashboard, one('second', 'c', ['gateway', 'run'])]);
    expect(second).toMatchObject({ status: 'warning', says: expect.stringContaining("'second' runs") });
    expect(fixOf(second)).toBe('docker stop second');
  });

  it('a network of its own is told with what to write for docker and for compose', () => {
    expect(checkNetwork(containerLike({}))).toMatchObject({ status: 'ok' });
    expect(fixOf(checkNetwork(containerLike({ hostNetwork: false })))).toContain('--network=host');
    const labels = new Map([
      ['com.docker.compose.project', 'p'],
      ['com.docker.compose.service', 's'],
    ]);
    expect(fixOf(checkNetwork(containerLike({ hostNetwork: false, labels })))).toContain(
      'network_mode: host',
    );
  });
});
