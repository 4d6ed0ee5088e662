/** What an engine says beside its answer, and what else it has, lead nobody astray. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { until } from '../harness/host.ts';
import { type Kept, kept, makingWays, replaced } from '../harness/kept.ts';
import { describeModes, engines } from '../harness/modes.ts';

const statusOf = (machine: Kept): Promise<string> =>
  machine.engine(['inspect', '--type', 'container', '--format', '{{.State.Status}}', machine.name]);

describeModes((way) => {
  it('under another name no second container is started on the home', async () => {
    await using machine = await kept(way);
    machine.declare('');
    await machine.up();
    replaced(machine, /^ {2}name: .*$/m, `  name: ${machine.name}-before`);
    const refused = await machine.shim(['up', '--yes']);
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/runs on this home already .*two gateways on one home spoil its database/);
    expect(refused.stderr).toMatch(new RegExp(`name: ${machine.name}}`));
    expect(refused.stderr).toMatch(new RegExp(`(docker|podman) rm -f ${machine.name} `));
    // one that has ended is in nobody's way
    await machine.engine(['stop', '-t', '0', machine.name]);
    await machine.up();
  });
}, makingWays);

describeModes(() => {
  it("neither beside somebody else's, nor beside the one that another engine has", async () => {
    await using machine = await kept('docker');
    machine.declare('');
    const other = `${machine.name}-before`; // removed with the machine
    const mounts = ['-v', `${machine.stateDir}:/data`, '-e', 'HERMES_HOME=/data/.hermes'];
    const words = ['--name', other, '--network=host', ...mounts, engines.images.dash, 'sleep', '600'];
    mkdirSync(machine.home, { recursive: true });
    // root's own would not be taken
    for (const dir of [machine.stateDir, machine.home])
      chownSync(dir, engines.callerUser.uid, engines.callerUser.gid);
    await machine.engine(['run', '-d', ...words]);
    const refused = await machine.shim(['up', '--yes']);
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/hermes-shim enable[\s\S]*docker rm -f kept-/);
    await machine.engine(['rm', '-f', other]);
    await machine.up();
    // nor does restart start one that was ended for it
    await machine.shim(['down']);
    await machine.engine(['run', '-d', ...words]);
    const restarted = await machine.shim(['restart']);
    expect([restarted.exitCode, restarted.stdout]).toEqual([1, '']);
    expect(restarted.stderr).toContain(`container '${other}' (docker) runs on this home already`);
    const status = ['inspect', '--type', 'container', '--format', '{{.State.Status}}', machine.name];
    expect(await machine.engine(status)).toBe('exited');
    await machine.engine(['rm', '-f', other]);
    await machine.up();
    replaced(machine, /^ {2}backend: docker$/m, '  backend: podman');
    const elsewhere = await machine.shim(['up', '--yes']);
    expect([elsewhere.exitCode, elsewhere.stdout]).toEqual([1, '']);
    expect(elsewhere.stderr).toContain(`container '${machine.name}' (docker) runs on this home already`);
    expect(elsewhere.stderr).toContain(`docker rm -f ${machine.name}`);
  });
}, ['docker']);

describeModes(() => {
  it('warnings of the client are no answer: every command works beside them', async () => {
    await using machine = await kept('docker');
    machine.declare('');
    writeFileSync(
      join(machine.root, 'bin/docker'),
      `#!/bin/sh\necho 'WARNING: Error loading config file: open /root/.docker/config.json: permission denied' >&2\nexec ${findCommand('docker')} "$@"\n`,
      { mode: 0o755 },
    );
    await machine.up();
    for (const command of [['status'], ['down'], ['up'], ['restart'], ['logs'], ['shell', '--', 'true']])
      expect([command, await machine.shim(command)]).toEqual([
        command,
        expect.objectContaining({ exitCode: 0 }),
      ]);
  });

  it('an image that has the name of the container is not taken for it, nor the other way round', async () => {
    await using machine = await kept('docker');
    await machine.engine(['tag', machine.images.official, machine.name]);
    try {
      machine.declare('', 'official');
      await machine.up();
      const id = await machine.id();
      expect((await machine.up()).stdout).toContain('everything is as it should be');
      machine.declare(`container:\n  image: ${machine.name}\n`, 'official');
      await machine.up(['--yes']);
      expect(await machine.id()).not.toBe(id);
      // what the name means now is another image, though a container has it, too
      await machine.engine(['tag', machine.images.package, machine.name]);
      const { stdout } = await machine.shim(['up', '--dry-run']);
      expect(stdout).toContain('means another image now');
    } finally {
      await machine.engine(['rmi', machine.name]);
    }
  });
}, ['docker']);

describeModes(
  (way) => {
    it('a container that is paused goes on, or is ended where another takes its place', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      const id = await machine.id();
      await machine.engine(['pause', machine.name]);
      await machine.up();
      expect(await machine.id()).toBe(id);
      for (const command of ['restart', 'down']) {
        await machine.engine(['pause', machine.name]);
        expect(await machine.shim([command])).toMatchObject({ exitCode: 0, stderr: '' });
      }
      expect(await statusOf(machine)).toBe('exited');
      await machine.up();
      await machine.engine(['pause', machine.name]);
      machine.declare('extraArgs: [--verbose]\n');
      await machine.up(['--yes']);
      expect(await machine.id()).not.toBe(id);
      expect((await machine.shim(['status'])).stdout).toContain('nothing differs');
    });

    it('what an interrupted replacement has left is named to who wants to stop it', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      const id = await machine.id();
      await machine.engine(['rename', machine.name, `${machine.name}-before`]);
      const running = await machine.shim(['down']);
      expect(running).toMatchObject({ exitCode: 1, stdout: '' });
      const stop = new RegExp(
        `^ {2}or stop it: +(${way === 'docker' ? 'docker' : 'podman'} stop ${machine.name}-before)$`,
        'm',
      );
      const [, advice = ''] = stop.exec(running.stderr) ?? [];
      expect(advice, running.stderr).not.toBe('');
      await machine.engine(advice.split(' ').slice(1));
      expect((await machine.shim(['down'])).stderr).not.toContain('or stop it');
      await machine.up();
      expect(await machine.id()).toBe(id);
    });
  },
  ['docker', 'podman-root'],
);

describeModes(
  (way) => {
    it('a container that starts over and over is replaced once its file is mended', async () => {
      await using machine = await kept(way);
      machine.declare('container:\n  extraOptions: [--entrypoint, /bin/false]\n');
      await using first = await machine.start(['up', '--yes']);
      const restarts = async () => (await statusOf(machine).catch(() => '')) === 'restarting';
      await until(restarts, { ms: 30_000, what: 'the container to start over and over' });
      first.kill('SIGINT');
      await first.ended;
      machine.declare('');
      await until(restarts, { ms: 60_000, what: 'a pause between two starts' });
      await machine.up(['--yes']);
      expect((await machine.shim(['status'])).stdout).toContain('nothing differs');
    });
  },
  ['docker'],
);

describeModes(
  (way) => {
    it('a restart policy that the engine cannot change is told, and differs no more', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      machine.declare('restart: on-failure\n');
      const { stdout } = await machine.up();
      const policy = await machine.engine([
        'inspect',
        '--format',
        '{{.HostConfig.RestartPolicy.Name}}',
        machine.name,
      ]);
      expect(stdout).toMatch(
        policy === 'on-failure' ? /set the .*policy to on-failure/ : /policy stays unless-stopped/,
      );
      const status = await machine.shim(['status']);
      expect(status).toMatchObject({ exitCode: 0 });
      expect(status.stdout.includes('policy stays')).toBe(policy !== 'on-failure');
    });
  },
  ['docker', 'podman-root'],
);

describeModes(() => {
  it('beside a user whose group is not named, others are let into it once', async () => {
    await using machine = await kept('docker');
    const [alice, bob, group] = ['a', 'b', 'g'].map((letter) => `${machine.name}${letter}`);
    const { exitCode, stderr } = await machine.sh(
      `groupadd ${group} && useradd -M -g ${group} ${alice} && useradd -m -d ${machine.root}/bob ${bob}`,
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    machine.declare(`container:\n  hostUsers: [${bob}]\n`);
    replaced(machine, /^user: .*\ngroup: .*$/m, `user: ${alice}`);
    expect((await machine.up()).stdout).toContain(`let ${bob} into group ${group}`);
    expect(await machine.shim(['status'])).toMatchObject({ exitCode: 0 });
    expect((await machine.sh(`id -nG ${bob}`)).stdout).toContain(group);
  });
}, ['docker']);
