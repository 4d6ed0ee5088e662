/** docker's daemon is asked on its socket, which is several times as fast as its client; the client is the fallback. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { lookalike } from '../harness/lookalike.ts';
import { describeModes, engines } from '../harness/modes.ts';

/** A docker that notes how it was called and then is the real one. */
function watchDocker(container: ManagedContainer): { env: Record<string, string>; calls: () => string[] } {
  const log = join(container.root, 'calls');
  writeFileSync(log, '');
  chmodSync(log, 0o666);
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

  it('that lies behind a closed directory is left to the client, which may know another way', async () => {
    await using container = await managedContainer('docker', { as: 'user' });
    const { env, calls } = watchDocker(container);
    const closed = join(container.root, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    symlinkSync(String(engines.dockerHost).replace('unix://', ''), join(closed, 'sock'));
    const link = join(container.root, 'link.sock');
    symlinkSync(join(closed, 'sock'), link);
    // the client that watches has the daemon's own address
    const ended = await container.hermes(['exit', '3'], { env: { ...env, DOCKER_HOST: `unix://${link}` } });
    expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
    expect(calls()).toContain('inspect');
  });
});

describe('a daemon that answers a ping, but not what it is asked', () => {
  /** The daemon's socket, where it answers so many pings, and the probe's question when it was pinged once more. */
  async function openSlow(container: ManagedContainer, answered: number) {
    const real = String(engines.dockerHost ?? 'unix:///var/run/docker.sock').replace('unix://', '');
    const socket = join(container.root, 'slow.sock');
    const held: Socket[] = [];
    let pings = 0;
    const hand = (caller: Socket, question: Buffer) => {
      const daemon = connect(real, () => daemon.write(question));
      daemon.pipe(caller);
    };
    const server = createServer((caller) => {
      held.push(caller);
      caller.on('error', () => undefined);
      caller.once('data', (question) => {
        const isPing = question.includes('/_ping ');
        if (!isPing) return void caller.on('daemon-wakes', () => hand(caller, question));
        pings += 1;
        if (pings <= answered) hand(caller, question);
        if (pings > 1 && pings <= answered) for (const each of held) each.emit('daemon-wakes');
      });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    chmodSync(socket, 0o666);
    const close = () => {
      for (const each of held) each.destroy();
      server.close();
    };
    return { address: `unix://${socket}`, pings: () => pings, [Symbol.dispose]: close };
  }

  it('is waited for as long as it does', async () => {
    await using container = await managedContainer('docker');
    using slow = await openSlow(container, 9);
    const { env } = watchDocker(container);
    const options = { env: { ...env, DOCKER_HOST: slow.address }, timeoutMs: 50_000 };
    const ended = await container.hermes(['exit', '3'], options);
    expect([ended.exitCode, ended.stderr]).toEqual([3, '']);
    expect(ended.ms).toBeGreaterThan(15_000);
    expect(slow.pings()).toBe(2);
  }, 60_000);

  it('is told not to respond when it falls silent altogether', async () => {
    await using container = await managedContainer('docker');
    using slow = await openSlow(container, 1);
    const { env } = watchDocker(container);
    const options = { env: { ...env, DOCKER_HOST: slow.address, HERMES_SHIM_WAIT: '0' }, timeoutMs: 50_000 };
    const ended = await container.hermes(['exit', '3'], options);
    expect([ended.exitCode, ended.stdout]).toEqual([125, '']);
    expect(ended.stderr).toMatch(/^hermes: docker does not respond \(no answer within 2\d s\)\n/);
    expect(slow.pings()).toBe(2);
    expect(container.starts()).toEqual([]);
  }, 60_000);
});

describe('a container with megabytes of labels', () => {
  describeModes((mode) => {
    it('is reached as any other', async () => {
      await using container = await managedContainer(mode, { start: false });
      const labels = join(container.root, 'labels');
      const lines = Array.from({ length: 200 }, (_, n) => `label${n}=${'x'.repeat(30_000)}`);
      writeFileSync(labels, lines.join('\n'));
      chmodSync(labels, 0o644);
      const engineArgs = ['--label-file', labels];
      await using _ = await lookalike(container, {
        script:
          'echo hermes:x:4242:4242::/:/bin/sh >>/etc/passwd; trap "exit 0" TERM; while :; do sleep 0.2; done',
        engineArgs,
      });
      expect(await container.hermes(['exit', '3'])).toMatchObject({ exitCode: 3, stderr: '' });
    });
  });
});
