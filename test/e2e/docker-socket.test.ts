/** docker's daemon is asked on its socket, which is several times as fast as its client; the client is the fallback. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../bed/container.ts';
import { fakeEngine } from '../bed/fakes.ts';
import { engines } from '../bed/ways.ts';

/** A docker that notes how it was called and then is the real one. */
function watchDocker(container: ManagedContainer): { env: Record<string, string>; calls: () => string[] } {
  const log = join(container.root, 'calls');
  const real = container.identity().env;
  const script = `echo "$1" >>'${log}'\nPATH='${real.PATH}'\nDOCKER_HOST='${engines.dockerHost}' exec docker "$@"`;
  fakeEngine(join(container.root, 'watched'), 'docker', script);
  const calls = (): string[] => {
    try {
      return readFileSync(log, 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  return { env: { PATH: `${join(container.root, 'watched')}:${real.PATH}` }, calls };
}

describe("docker's socket", () => {
  it('is asked instead of the client, which is started for the exec alone', async () => {
    await using container = await managedContainer('docker');
    const { env, calls } = watchDocker(container);
    expect(await container.hermes(['exit', '3'], { env })).toMatchObject({ exitCode: 3, stderr: '' });
    expect(calls()).not.toContain('inspect');
    expect(calls()).toContain('exec');
  });

  it('gives way to the client where its settings are not ours to follow', async () => {
    await using container = await managedContainer('docker');
    const { env, calls } = watchDocker(container);
    const ended = await container.hermes(['exit', '3'], { env: { ...env, DOCKER_API_VERSION: '1.41' } });
    expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
    expect(calls()).toContain('inspect');
  });

  it('gives way to the client when what answers there is no docker daemon', async () => {
    await using container = await managedContainer('docker');
    const { env, calls } = watchDocker(container);
    const socket = join(container.root, 'impostor.sock');
    const server = createServer((connection) => connection.end('HTTP/1.0 200 OK\r\n\r\n<html>'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const ended = await container.hermes(['exit', '3'], {
        env: { ...env, DOCKER_HOST: `unix://${socket}` },
      });
      expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
      expect(calls()).toContain('inspect');
    } finally {
      server.close();
    }
  });
});
