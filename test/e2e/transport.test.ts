/** An engine is spoken to by its API on its socket, without a client; the client is the fallback. */
import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { call } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { lookalike } from '../harness/lookalike.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { openProxy } from '../harness/proxy.ts';
import { shareContainer } from '../harness/shared.ts';
import { telling, untilItWaits } from '../harness/waiting.ts';

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
  const shared = shareContainer('docker');

  it('is asked instead of the client, which is not started at all', async () => {
    const container = await shared();
    const { env, calls } = watchDocker(container);
    expect(await container.hermes(['exit', '3'], { env })).toMatchObject({ exitCode: 3, stderr: '' });
    await using session = await container.session(['trap', 'TERM', '7'], { env });
    await session.waitFor('ready');
    session.kill('SIGTERM');
    expect(await session.ended).toMatchObject({ exitCode: 7, stderr: '' });
    expect(calls()).toEqual(['']);
  });

  it('gives way to the client where its settings are not ours to follow', async () => {
    const container = await shared();
    const { env, calls } = watchDocker(container);
    const ended = await container.hermes(['exit', '3'], { env: { ...env, DOCKER_API_VERSION: '1.41' } });
    expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
    expect(calls()).toContain('inspect');
  });

  it('gives way to the client when what answers there is no docker daemon', async () => {
    const container = await shared();
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

/** Where the API is spoken. */
const apiModes = ['docker', 'podman-socket'] as const;

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('a call is an inspect, an exec and its end: no question more, in a young container either', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    expect(await container.hermes(['exit', '3'], { env: proxy.env })).toMatchObject({
      exitCode: 3,
      stderr: '',
    });
    const asked = proxy.asked.map(({ line }) =>
      line.replace(/[0-9a-f]{64}/, 'ID').replace(/^(\S+) \/v[0-9.]+/, '$1 '),
    );
    const inspect = `GET ${mode === 'docker' ? '' : '/libpod'}/containers/${container.name}/json`;
    // a daemon that is older than the API's version that is tried first says so
    const inspects = asked.filter((line) => line === inspect).length;
    expect(inspects).toBeGreaterThan(0);
    expect(inspects).toBeLessThan(3);
    expect(asked.slice(inspects)).toEqual([
      'POST /containers/ID/exec',
      'POST /exec/ID/start',
      'GET /exec/ID/json',
    ]);
  });

  it('a user or a hermes that is still to come is waited for, though nobody asked before the start; started once', async () => {
    await using container = await managedContainer(mode, { userAfterMs: 2500 });
    const ended = await container.hermes(['exit', '3'], {
      env: { HERMES_SHIM_WAIT: '60' },
      timeoutMs: 60_000,
    });
    expect(ended).toMatchObject({ exitCode: 3, stdout: '', stderr: '' });
    expect(container.starts()).toHaveLength(1);
    container.forgetStarts();
    const bin = join(container.packageDir, 'bin/hermes');
    renameSync(bin, `${bin}.later`);
    await using later = await container.session(['exit', '4'], { env: telling, timeoutMs: 60_000 });
    await untilItWaits(later);
    renameSync(`${bin}.later`, bin);
    expect(await later.ended).toMatchObject({ exitCode: 4, stdout: '' });
    expect(container.starts()).toHaveLength(1);
  });

  it('of what it is given on stdin, not a byte is lost to a start that began nothing', async () => {
    const given = 'a line of the given text\n'.repeat(20_000);
    for (const how of ['pipe', 'file']) {
      await using container = await managedContainer(mode);
      const file = join(container.root, 'given');
      writeFileSync(file, given);
      const bin = join(container.packageDir, 'bin/hermes');
      renameSync(bin, `${bin}.later`);
      const stdin = how === 'pipe' ? { input: given } : { stdin: { file } };
      await using running = await container.session(['cat'], { ...stdin, env: telling, timeoutMs: 60_000 });
      await untilItWaits(running);
      renameSync(`${bin}.later`, bin);
      const { exitCode, stdout } = await running.ended;
      expect([how, exitCode, stdout.length, stdout === given]).toEqual([how, 0, given.length, true]);
    }
  });

  it('what the engine says instead of hermes is no output of hermes', async () => {
    await using container = await managedContainer(mode);
    container.writeMetadata({ exec_user: 'nobody-here' });
    const ended = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: '0' } });
    expect([ended.exitCode, ended.stdout]).toEqual([125, '']);
    expect(ended.stderr).toMatch(/^hermes: container '\S+' has no user 'nobody-here'/);
  });

  it('a connection that breaks in the middle ends the session, is told, and is no success', async () => {
    const container = await shared();
    await using proxy = await openProxy(container);
    const cut = proxy.cut({ request: /\/exec\/.*\/start/, when: 200 });
    const ended = await container.hermes(['tick', '0.02'], { env: proxy.env, timeoutMs: 60_000 });
    await cut.reached();
    expect(ended.exitCode).toBe(255);
    expect(ended.stderr).toMatch(
      /^hermes: the connection to (docker|podman) broke \(.*\), so the session in container/,
    );
    expect(container.starts()).toHaveLength(1);
    await container.untilNoGuests(30_000);
  });

  it('a session of which a restarted daemon knows nothing, though its container runs on, is ended and told', async () => {
    const container = await shared();
    await using proxy = await openProxy(container);
    proxy.cut({ request: /\/exec\/.*\/start/, when: 200 });
    const body = '{"message":"No such exec instance"}';
    const head = `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    proxy.answer({ request: /^GET .*\/exec\// }, `${head}\r\nConnection: close\r\n\r\n${body}`);
    const ended = await container.hermes(['tick', '0.02'], { env: proxy.env, timeoutMs: 60_000 });
    expect(ended.exitCode).toBe(255);
    expect(ended.stderr).toMatch(/^hermes: the connection to (docker|podman) broke/);
    expect(container.starts()).toHaveLength(1);
    await container.untilNoGuests(30_000);
  });

  it('a connection that breaks before the start begins leaves nothing that was started twice', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    proxy.cut({ request: /\/exec\/.*\/start/, when: 'asked' });
    const ended = await container.hermes(['exit', '3'], {
      env: { ...proxy.env, HERMES_SHIM_WAIT: '0' },
      timeoutMs: 60_000,
    });
    expect(ended.exitCode, ended.stderr).not.toBe(0);
    expect(container.starts().length).toBeLessThan(2);
    await container.untilNoGuests(30_000);
  });

  it('a pipe that others hold, too, stays blocking for them, both ways', async () => {
    const container = await shared();
    const look = 'grep -h flags: /proc/self/fdinfo/0 /proc/self/fdinfo/1 >&2';
    const script = `{ exec 3<&0; hermes sleep 3600 <&3 & pid=$!; while ! grep -q ready out; do sleep 0.05; done; ${look}; kill $pid; wait $pid; }`;
    await using shell = await container.shell(
      `cd "$(mktemp -d)" && : >out && mkfifo in && { sleep 3600 >in & writer=$!; } && ${script} <in | tee out >/dev/null; kill $writer; rm -r "$PWD"`,
    );
    const { stderr } = await shell.ended;
    const flags = [...stderr.matchAll(/^flags:\s+(\d+)/gm)].map(
      ([, octal]) => Number.parseInt(octal ?? '', 8) & 0o4000,
    );
    expect(flags).toEqual([0, 0]);
  });
  it.runIf(engines.asRoot)(
    'somebody else’s pipe, which cannot be opened anew, carries every byte',
    async () => {
      await using container = await managedContainer(mode, { as: 'user' });
      const { uid, gid } = container.caller;
      const script = `head -c 3000000 /dev/zero | setpriv --reuid ${uid} --regid ${gid} --clear-groups hermes cat | wc -c`;
      // whoever makes the pipes is root
      const maker = { ...container.caller, uid: 0, gid: 0 };
      await using shell = call(maker, ['/bin/sh', '-c', script]);
      const { stdout, stderr } = await shell.ended;
      expect([stdout.trim(), stderr]).toEqual(['3000000', '']);
      await container.untilNoGuests();
    },
  );

  it('a full disk under an output ends the session, and is told', async () => {
    const container = await shared();
    const ended = await container.hermes(['tick', '0.05'], { stdout: { file: '/dev/full' } });
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(
      /^hermes: the output could not be written \(no space left on device, ENOSPC\)/,
    );
    await container.untilNoGuests(30_000);
  });

  it('a reader that goes away ends the shim by PIPE, as any program', async () => {
    const container = await shared();
    await using session = await container.session(['endless']);
    await session.waitFor('line');
    session.closeStdout();
    expect(await session.ended).toMatchObject({ signal: 'SIGPIPE', stderr: '' });
    await container.untilNoGuests(30_000);
  });
}, apiModes);

describe('a daemon that answers a ping, but not what it is asked', () => {
  /** The daemon's socket, where it answers so many pings, and the probe's question when it was pinged once more. */
  async function openSlow(container: ManagedContainer, answered: number) {
    const real = String(engines.dockerHost ?? 'unix:///var/run/docker.sock').replace('unix://', '');
    const socket = join(container.root, 'slow.sock');
    const held: Socket[] = [];
    let pings = 0;
    let awake = false;
    const hand = (caller: Socket, question: Buffer) => {
      const daemon = connect(real, () => daemon.write(question));
      daemon.pipe(caller);
      caller.on('data', (more) => daemon.write(more));
    };
    const server = createServer((caller) => {
      held.push(caller);
      caller.on('error', () => undefined);
      caller.once('data', (question) => {
        const isPing = question.includes('/_ping ');
        if (!isPing && awake) return hand(caller, question);
        if (!isPing) return void caller.once('daemon-wakes', () => hand(caller, question));
        pings += 1;
        if (pings <= answered) hand(caller, question);
        if (pings < 2 || pings > answered) return;
        awake = true;
        for (const each of held) each.emit('daemon-wakes');
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
  });

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
  });
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
