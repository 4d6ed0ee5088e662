/** At boot, at an update, and how long it takes to find nothing to do. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { laterNode } from '../harness/installed.ts';
import { type Kept, kept, makingWays } from '../harness/kept.ts';
import { describeModes, engines } from '../harness/modes.ts';

const program = (machine: Kept, name: string, script: string) => {
  const file = join(machine.root, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
};

describeModes((way) => {
  it('an up that has nothing to do costs no more than asking a few times for the version', async () => {
    await using machine = await kept(way);
    machine.declare('settings: {a: 1}\nenvironment: {TZ: UTC}\ndocuments: {USER.md: me}\n');
    await machine.up();
    // as in most calls the container has been up for long, and is not asked whether it is ready
    const node = laterNode();
    // processor time, the engine's client included: how long it takes besides is a matter of who else is at work here
    const cost = async (command: string): Promise<number> => {
      const { stdout, exitCode } = await machine.sh(`${command} >/dev/null && times`, { node });
      expect(exitCode).toBe(0);
      const spent = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
      return spent.reduce(
        (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
        0,
      );
    };
    const least = async (command: string): Promise<number> => {
      const costs: number[] = [];
      for (let n = 0; n < 5; n++) costs.push(await cost(command));
      return Math.min(...costs);
    };
    const version = await least('hermes-shim --version');
    const up = await least(`hermes-shim up --file ${machine.file}`);
    console.log(`${way}: hermes-shim --version ${version} ms, up with nothing to do ${up} ms`);
    // three times here, on each engine; in milliseconds it is a matter of the machine
    expect(up / version).toBeLessThan(6);
  });
}, makingWays);

describeModes(
  (way) => {
    it('up --install hands the start to systemd, and --uninstall takes back exactly that', async () => {
      await using machine = await kept(way);
      machine.declare('restartSec: 7\n');
      await machine.up();
      // a machine that systemd runs, as far as can be seen
      await machine.sh('mount -t tmpfs none /run && mkdir -p /run/systemd/system');
      const log = join(machine.root, 'systemctl.log');
      program(
        machine,
        'systemctl',
        `echo "$*" >>${log}; [ "$1" != stop ] || ${findCommand('docker')} stop -t 1 ${machine.name}`,
      );
      const { stdout } = await machine.up(['--install']);
      expect(stdout).toContain('the container starts at boot');
      expect(stdout).toContain('restart policy to no');
      const unit = `/etc/systemd/system/${machine.name}.service`;
      const text = (await machine.sh(`cat ${unit}`)).stdout;
      expect(text).toContain(`start --attach ${machine.name}`);
      expect(text).toMatch(/Restart=always\nRestartSec=7/);
      expect(text).toContain(`Environment=DOCKER_HOST=${engines.dockerHost}`);
      expect(readFileSync(log, 'utf8')).toBe(`daemon-reload\nenable ${machine.name}.service\n`);
      expect(await machine.shim(['down'])).toMatchObject({ exitCode: 0 });
      expect(readFileSync(log, 'utf8')).toContain(`stop ${machine.name}.service`);
      const removed = await machine.up(['--uninstall']);
      expect(removed.stdout).toContain(`removed ${unit}`);
      expect((await machine.sh(`ls ${unit}`)).exitCode).not.toBe(0);
      expect(readFileSync(log, 'utf8')).toContain(`disable ${machine.name}.service`);
      await machine.sh(`echo '[Unit]' >${unit}`);
      expect(await machine.shim(['up', '--install'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('was not written by hermes-shim'),
      });
      expect((await machine.sh(`cat ${unit}`)).stdout).toBe('[Unit]\n');
    });

    it('without systemd the engine starts it again, and that is said', async () => {
      await using machine = await kept(way);
      machine.declare('');
      const { stdout } = await machine.up(['--install']);
      expect(stdout).toMatch(/no systemd here: docker itself starts the container at boot/);
      const policy = ['inspect', '--format', '{{.HostConfig.RestartPolicy.Name}}', machine.name];
      expect(await machine.engine(policy)).toBe('unless-stopped');
      machine.declare('restart: on-failure\n');
      await machine.up();
      expect(await machine.engine(policy)).toBe('on-failure');
    });

    it('update pulls, makes the container anew only for another image, and puts the old one back', async () => {
      await using machine = await kept(way);
      const docker = findCommand('docker');
      const image = `hermes-shim-test:${machine.name}`;
      await machine.engine(['tag', machine.images.official, image]);
      machine.declare(`container:\n  image: ${image}\n`, 'official');
      await machine.up();
      const id = await machine.id();
      const pulling = (to: string) =>
        program(
          machine,
          'docker',
          `[ "$1" = pull ] && exec ${docker} tag ${to} ${image}\nexec ${docker} "$@"`,
        );
      pulling(machine.images.official);
      const same = await machine.shim(['update']);
      expect(same).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await machine.id()).toBe(id);
      // another content under the same name, in which there is no hermes
      pulling(engines.images.dash);
      const broken = await machine.shim(['update', '--yes'], { env: { HERMES_SHIM_WAIT: '2' } });
      expect(broken).toMatchObject({ exitCode: 1 });
      expect(broken.stderr).toMatch(/the new container did not come up: .*the old one is back and runs/);
      expect(await machine.id()).toBe(id);
      expect((await machine.hermes(['version'])).exitCode).toBe(0);
      const better = `${image}-better`;
      await machine.engine(['commit', '--change', 'ENV BETTER=1', machine.name, better]);
      pulling(better);
      const updated = await machine.shim(['update', '--yes']);
      expect(updated).toMatchObject({ exitCode: 0 });
      expect(await machine.engine(['exec', machine.name, 'sh', '-c', 'echo $BETTER'])).toBe('1');
      expect((await machine.hermes(['version'])).exitCode).toBe(0);
      await machine.engine(['rm', '-f', machine.name]);
      await machine.engine(['rmi', image, better]);
      expect(existsSync(join(machine.home, '.container-mode'))).toBe(true);
    });
  },
  ['docker'],
);
