/** Endings in odd surroundings: nowhere to write, nothing to spare, outputs that are full, a crowd of sessions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findSuspects } from '../../src/session/verdict/survivor.ts';
import { clientsBelow } from '../harness/clients.ts';
import { managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { signalAll, until } from '../harness/host.ts';
import { clientModes, describeModes, distinctModes, inTurns, socketModes } from '../harness/modes.ts';
import { openProxy } from '../harness/proxy.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { shareContainer } from '../harness/shared.ts';

describeModes(
  (mode) => {
    it('a container in which nothing can be written, and so no note left, is no way to outlive a shim', async () => {
      await using container = await managedContainer(mode, {
        user: '4242',
        userAfterMs: 'never',
        engineArgs: ['--read-only', '--tmpfs', '/tmp:ro', '--ipc=none'],
      });
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        const running = await container.session(['sleep', '1000']);
        await running.waitFor('ready');
        running.kill(signal);
        expect(await running.ended).toMatchObject({ signal });
        await container.untilNoGuests(20_000);
      }
    });
  },
  ['docker', 'docker-client'],
);

describeModes(
  (mode) => {
    it.each([
      ['the shim', (pid: number) => process.kill(pid, 'SIGKILL')],
      ['the client', (pid: number) => signalAll(clientsBelow([pid]), 'SIGKILL')],
    ])(
      'a session without %s is ended although the engine is too busy for the first two tries',
      async (_, kill) => {
        await using container = await managedContainer(mode);
        const log = join(container.root, 'control-scripts');
        const { PATH } = container.identity().env;
        const busy = `case "$*" in *hermes-control*) echo >>'${log}'; [ $(wc -l <'${log}') -gt 2 ] || exit 125 ;; esac`;
        const real = `PATH='${PATH}' exec docker "$@"`;
        fakeEngine(join(container.root, 'busy'), 'docker', `${busy}\n${real}`);
        const env = { PATH: `${join(container.root, 'busy')}:${PATH}` };
        const running = await container.session(['sleep', '1000'], { env });
        await running.waitFor('ready');
        kill(running.pid);
        await running.ended;
        await container.untilNoGuests(20_000);
        expect(readFileSync(log, 'utf8').length).toBeGreaterThan(2);
      },
    );
  },
  ['docker-client'],
);

describeModes((mode) => {
  it('a session without the shim is ended although the engine’s socket refuses the first two tries', async () => {
    await using container = await managedContainer(mode);
    await using proxy = await openProxy(container);
    const refusal = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n';
    const busy = proxy.answer({ request: /^POST .*\/exec\n.*hermes-control/s, times: 2 }, refusal);
    const running = await container.session(['sleep', '1000'], { env: proxy.env });
    await running.waitFor('ready');
    running.kill('SIGKILL');
    await running.ended;
    await busy.reached();
    await container.untilNoGuests(20_000);
    expect(proxy.asked.filter(({ body }) => body.includes('hermes-control')).length).toBeGreaterThan(2);
  });
}, socketModes);

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('outputs that are full end the session with them, and are no success', async () => {
    const container = await shared();
    const running = await container.session(['tick', '0.05'], {
      stdout: { file: '/dev/full' },
      stderr: { file: '/dev/full' },
    });
    expect((await running.ended).exitCode).not.toBe(0);
    await container.untilNoGuests(20_000);
  });

  it('a directory as stdin is an empty one, for which nobody waits', async () => {
    const container = await shared();
    const shell = await container.shell('hermes cat </etc');
    expect(await shell.ended).toMatchObject({ exitCode: 0, stdout: '', timedOut: false });
  });

  it('too few descriptors are told as such, in a sentence', async () => {
    const container = await shared();
    for (const descriptors of [18, 19, 20, 22, 24]) {
      container.forgetStarts();
      const ended = await container.hermes(['version'], { first: `ulimit -n ${descriptors}` });
      const { exitCode, stdout, stderr } = ended;
      const story = `${descriptors}: ${JSON.stringify([exitCode, stdout, stderr])}`;
      await container.untilNoGuests();
      // as many as it takes on this machine: then nothing is to be seen of it
      if (exitCode === 0) expect([stdout, stderr], story).toEqual(['Hermes Agent v0.0.0 (probe)\n', '']);
      else {
        expectRefusal(
          ended,
          exitCode ?? 0,
          'too few files may be open at once here (EMFILE)',
          'ulimit -n 1024',
        );
        expect(container.starts(), story).toEqual([]);
      }
      if (descriptors < 20) expect(exitCode, story).not.toBe(0);
    }
  });

  if (clientModes.includes(mode)) {
    it('what was at work before a client is not taken for its session, though pids have begun anew', async () => {
      const container = await shared();
      const session = await container.session(['sleep', '1000']);
      await session.waitFor('ready');
      // the lowest pid: as if they had begun anew and every other process stood above the client
      const found = findSuspects({ pid: 1, start: '0' }, container.id);
      expect(found.length).toBeGreaterThan(0);
      const [now = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
      expect(findSuspects({ pid: 1, start: String(Math.ceil(Number(now) * 100)) }, container.id)).toEqual([]);
      session.kill('SIGTERM');
      await session.ended;
    });

    it('a client killed in a crowd of sessions takes its own along, and no other', async () => {
      const container = await shared();
      const sessions = [];
      for (let count = 0; count < 4; count += 1) {
        const session = await container.session(['sleep', String(1000 + count)]);
        sessions.push(session);
        await session.waitFor('ready');
      }
      const [first, ...others] = sessions;
      const sleeps = async () =>
        (await container.sessionProcesses())
          .map(({ argv }) => argv.join(' '))
          .filter((line) => line.startsWith('sleep 100'));
      signalAll(clientsBelow([first?.pid ?? 0]), 'SIGTERM');
      await until(async () => !(await sleeps()).includes('sleep 1000'), { what: 'its end', ms: 20_000 });
      expect((await sleeps()).sort()).toEqual(['sleep 1001', 'sleep 1002', 'sleep 1003']);
      for (const other of others) other.kill('SIGTERM');
      for (const session of sessions) await session.ended;
      await container.untilNoGuests();
    });
  }
}, inTurns(distinctModes));
