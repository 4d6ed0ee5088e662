/** A daemon that is down and comes back: a private dockerd, since the other tests need theirs. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { must, plainEnv } from '../../scripts/engines/command.ts';
import { startDockerd } from '../../scripts/engines/dockerd.ts';
import { endProcess } from '../../scripts/engines/processes.ts';
import { beginRecord } from '../../scripts/engines/record.ts';
import { tearDownRecord } from '../../scripts/engines/teardown.ts';
import { managedContainer } from '../harness/container.ts';
import { lookalikeArgs } from '../harness/lookalike.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { telling, untilItWaits, withoutTrace } from '../harness/waiting.ts';

describeModes(
  (mode) => {
    it('a daemon that is down is waited for until it and its container are back', async () => {
      await using container = await managedContainer(mode, { start: false });
      await container.remove();
      const record = beginRecord();
      try {
        const host = await startDockerd(record, engines.callerUser);
        const docker = (...args: string[]) => must(['docker', '-H', host, ...args], { env: plainEnv() });
        await docker('import', join(engines.dir, 'images/dash.tar'), engines.images.dash);
        const script =
          'echo hermes:x:4242:4242::/:/bin/sh >>/etc/passwd; trap "exit 0" TERM; while :; do sleep 0.2; done';
        await docker(...lookalikeArgs(container, { script }));
        await docker('start', container.name);
        const own = { DOCKER_HOST: host };
        expect(await container.hermes(['version'], { env: own })).toMatchObject({ exitCode: 0, stderr: '' });

        await using session = await container.session(['sleep', '3600'], { env: own });
        await session.waitFor('ready');
        if (record.dockerd === null) throw new Error('no dockerd');
        await endProcess(record.dockerd, 30_000);
        const lost = await session.ended;
        expect(lost.exitCode).not.toBe(0);
        // a daemon that goes down ends its containers first, which it can still tell whoever asks in that moment
        expect(lost.stderr).toMatch(
          /^hermes: (docker is not reachable any more: what became of hermes in container '\S+' is not known|container '\S+' stopped \(docker: .*\) during the session); hermes is not started again by itself/m,
        );

        const env = { ...own, HERMES_SHIM_WAIT: '0' };
        const down = await container.hermes(['version'], { env });
        expect([down.exitCode, down.stdout]).toEqual([125, '']);
        expect(down.stderr).toMatch(
          /^hermes: docker is not reachable \(.*\)\n {2}start it: {2}sudo systemctl start docker\n/,
        );

        container.forgetStarts();
        await using call = await container.session(['version'], {
          env: { ...own, ...telling },
          timeoutMs: 60_000,
        });
        await untilItWaits(call);
        await startDockerd(record, engines.callerUser);
        await untilItWaits(call);
        await docker('start', container.name);
        const ended = await call.ended;
        expect([ended.exitCode, withoutTrace(ended.stderr)]).toEqual([0, '']);
        expect(container.starts()).toHaveLength(1);
        await docker('rm', '-f', container.name);
      } finally {
        await tearDownRecord(record);
      }
    });
  },
  ['docker', 'docker-client'],
);
