/** At boot, at an update, and how long it takes to find nothing to do. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { engineOf } from '../../scripts/engines/modes.ts';
import { laterNode } from '../harness/installed.ts';
import { type Kept, kept, makingWays, replaced } from '../harness/kept.ts';
import { describeModes, engines } from '../harness/modes.ts';

const program = (machine: Kept, name: string, script: string) => {
  const file = join(machine.root, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
};

const docker = findCommand('docker');

/**
 * A machine that systemd runs, as far as can be seen. As the real one it leaves alone what it did not start: to stop a
 * unit that is not active is nothing, and no error.
 */
async function systemd(machine: Kept) {
  const log = join(machine.root, 'systemctl.log');
  const mark = join(machine.root, 'unit-active');
  const name = engineOf(machine.way);
  const engine = name === 'docker' ? docker : join(machine.root, 'bin/podman');
  await machine.sh('mount -t tmpfs none /run && mkdir -p /run/systemd/system');
  program(
    machine,
    'systemctl',
    `[ "$1" = is-active ] || echo "$*" >>${log}
container=\${2%.service}
mark=${mark}-$container
is_active() { [ -e "$mark" ] && [ "$(${engine} inspect --format '{{.State.Running}}' "$container")" = true ]; }
case $1 in
is-active) if is_active; then echo active; else echo inactive; exit 3; fi;;
start) is_active || { ${name} start "$container" >/dev/null 2>&1 && touch "$mark"; } || true;;
stop) is_active && ${engine} stop -t 1 "$container" >/dev/null; rm -f "$mark";;
esac`,
  );
  return {
    unit: `/etc/systemd/system/${machine.name}.service`,
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    active: () => existsSync(`${mark}-${machine.name}`),
  };
}

const has = async (machine: Kept, file: string) => (await machine.sh(`test -e ${file}`)).exitCode === 0;
const inspected = (what: string) => (machine: Kept) =>
  machine.engine(['inspect', '--type', 'container', '--format', what, machine.name]);
const policyOf = inspected('{{.HostConfig.RestartPolicy.Name}}');
const statusOf = inspected('{{.State.Status}}');
const startedAt = inspected('{{.State.StartedAt}}');

describeModes((way) => {
  it('an up that has nothing to do asks the engine for four things, each once', async () => {
    await using machine = await kept(way);
    machine.declare('settings: {a: 1}\nenvironment: {TZ: UTC}\ndocuments: {USER.md: me}\n');
    await machine.up();
    const name = engineOf(way);
    const wrapped = join(machine.root, 'bin', name);
    const rest = existsSync(wrapped)
      ? readFileSync(wrapped, 'utf8').replace(/^#!.*\n/, '')
      : `exec ${docker} "$@"`;
    const log = join(machine.root, 'asked');
    program(machine, name, `echo "$*" >>${log}\n${rest}`);
    // as in most calls the container has been up for long, and is not asked whether it is ready
    const node = laterNode();
    const { stdout } = await machine.shim(['up'], { node });
    expect(stdout).toContain('everything is as it should be');
    const asked = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/[0-9a-f]{64}( [0-9a-f]{64})*/, 'IDS').replaceAll(machine.name, 'NAME'));
    expect(asked.sort()).toEqual([
      expect.stringMatching(/^inspect --type container IDS$/),
      'inspect --type container NAME NAME-before',
      expect.stringMatching(/^inspect --type image /),
      expect.stringMatching(/^ps -q --no-trunc /),
    ]);
  });
}, makingWays);

describeModes(
  (way) => {
    it('up --install hands the container to systemd, which starts and stops it from then on', async () => {
      await using machine = await kept(way);
      const { unit, calls, active } = await systemd(machine);
      machine.declare('restartSec: 7\n');
      const dry = await machine.up(['--install', '--dry-run']);
      expect(dry.stdout).toContain(`install ${unit}: the container starts at boot`);
      expect(await has(machine, unit)).toBe(false);
      expect(calls()).toEqual([]);
      const { stdout } = await machine.up(['--install']);
      expect(stdout).toContain(`install ${unit}: the container starts at boot`);
      const text = (await machine.sh(`cat ${unit}`)).stdout;
      expect(text).toContain(`start --attach ${machine.name}`);
      expect(text).toMatch(/Restart=always\nRestartSec=7/);
      expect(text).toContain(`Environment=DOCKER_HOST=${engines.dockerHost}`);
      expect(calls()).toEqual([
        'daemon-reload',
        `enable ${machine.name}.service`,
        `start ${machine.name}.service`,
      ]);
      expect(active()).toBe(true);
      expect(await policyOf(machine)).toBe('no');
      expect((await machine.up()).stdout).toContain('everything is as it should be');
      expect(await machine.shim(['restart'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(active()).toBe(true);
      // another container under the name: systemd must neither start nor stop it meanwhile
      machine.declare('restartSec: 7\ncontainer:\n  extraOptions: ["--hostname=other"]\n');
      await machine.up(['--yes']);
      expect(active()).toBe(true);
      expect((await machine.hermes(['version'])).exitCode).toBe(0);
      expect(await machine.shim(['down'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await statusOf(machine)).toBe('exited');
      expect(active()).toBe(false);
      await machine.up();
      expect(active()).toBe(true);
    });

    it('a container that ran before its unit is handed over to it, and one past it is stopped and restarted all the same', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      const { active, calls } = await systemd(machine);
      const handed = await machine.up(['--install']);
      expect(handed.stdout).toContain('let systemd look after the container that runs');
      expect(active()).toBe(true);
      // started by hand, when its unit has given up
      await machine.sh(`systemctl stop ${machine.name}.service`);
      await machine.engine(['start', machine.name]);
      const differs = await machine.shim(['status']);
      expect(differs).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining('let systemd look after'),
      });
      expect(await machine.shim(['down'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await statusOf(machine)).toBe('exited');
      await machine.engine(['start', machine.name]);
      const before = await startedAt(machine);
      expect(await machine.shim(['restart'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await startedAt(machine)).not.toBe(before);
      expect(active()).toBe(true);
      // a start that the engine refuses is told in its words
      await machine.shim(['down']);
      program(
        machine,
        'docker',
        `[ "$1" != start ] || { echo 'port is taken' >&2; exit 1; }\nexec ${docker} "$@"`,
      );
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('port is taken') });
      expect(calls().at(-1)).toBe(`start ${machine.name}.service`);
    });

    it('an installed unit follows the file without --install, and moves with the name of the container', async () => {
      await using machine = await kept(way);
      const { unit, calls } = await systemd(machine);
      machine.declare('restartSec: 7\n');
      await machine.up(['--install']);
      machine.declare('restartSec: 9\nrestart: on-failure\n');
      const differs = await machine.shim(['status']);
      expect(differs).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining(`bring ${unit} up to date`),
      });
      await machine.up();
      expect((await machine.sh(`cat ${unit}`)).stdout).toMatch(/Restart=on-failure\nRestartSec=9/);
      expect(calls().slice(-2)).toEqual(['daemon-reload', `enable ${machine.name}.service`]);
      expect((await machine.up()).stdout).toContain('everything is as it should be');
      await machine.shim(['down']);
      const renamed = `${machine.name}-renamed`;
      replaced(machine, /name: .*/, `name: ${renamed}`);
      try {
        const dry = await machine.up(['--dry-run']);
        expect(dry.stdout).toContain(`disable and remove ${unit}`);
        expect(await has(machine, unit)).toBe(true);
        await machine.up();
        expect(await has(machine, unit)).toBe(false);
        expect(await has(machine, unit.replace(machine.name, renamed))).toBe(true);
        expect(calls()).toEqual(
          expect.arrayContaining([`disable ${machine.name}.service`, `enable ${renamed}.service`]),
        );
        expect((await machine.up()).stdout).toContain('everything is as it should be');
      } finally {
        await machine.engine(['rm', '-f', renamed]);
      }
    });

    it('where systemd has the container and cannot be asked, nothing is stopped past it, and that is told', async () => {
      await using machine = await kept(way);
      await systemd(machine);
      machine.declare('');
      await machine.up(['--install']);
      const before = await startedAt(machine);
      program(machine, 'systemctl', `echo 'Failed to connect to bus: No medium found' >&2; exit 1`);
      machine.declare('container:\n  extraOptions: ["--hostname=other"]\n');
      for (const command of [['down'], ['restart'], ['up', '--yes']]) {
        const told = await machine.shim(command);
        expect([command, told.exitCode, told.stderr]).toEqual([
          command,
          1,
          expect.stringMatching(/cannot be asked from here[\s\S]*systemctl is-active/),
        ]);
        expect([await statusOf(machine), await startedAt(machine)]).toEqual(['running', before]);
      }
      const names = await machine.engine(['ps', '-a', '--format', '{{.Names}}']);
      expect(names.split('\n')).not.toContain(`${machine.name}-before`);
    });

    it('nothing is installed before it is agreed to, and --uninstall takes back exactly that', async () => {
      await using machine = await kept(way);
      const { unit, calls } = await systemd(machine);
      machine.declare('');
      await machine.engine(['create', '--name', machine.name, machine.images.official, 'true']);
      const theirs = await machine.shim(['up', '--install']);
      expect(theirs).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('did not make') });
      expect(await has(machine, unit)).toBe(false);
      await machine.engine(['rm', machine.name]);
      await machine.up();
      machine.declare('container:\n  extraOptions: ["--hostname=other"]\n');
      const unasked = await machine.shim(['up', '--install']);
      expect(unasked).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nobody can be asked') });
      expect(unasked.stderr).toContain(`up --dry-run --diff --file ${machine.file}`);
      expect(await has(machine, unit)).toBe(false);
      expect(calls()).toEqual([]);
      await machine.up(['--install', '--yes']);
      const dry = await machine.up(['--uninstall', '--dry-run']);
      expect(dry.stdout).toContain(`would remove ${unit}`);
      expect(await has(machine, unit)).toBe(true);
      const removed = await machine.up(['--uninstall']);
      expect(removed.stdout).toContain(`removed ${unit}`);
      expect(await has(machine, unit)).toBe(false);
      expect(calls()).toContain(`disable ${machine.name}.service`);
      expect(await policyOf(machine)).toBe('unless-stopped');
      expect(await statusOf(machine)).toBe('running');
      expect((await machine.up()).stdout).toContain('everything is as it should be');
      await machine.sh(`echo '[Unit]' >${unit}`);
      expect(await machine.shim(['up', '--install'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('was not written by hermes-shim'),
      });
      expect((await machine.sh(`cat ${unit}`)).stdout).toBe('[Unit]\n');
    });

    it('where systemd refuses the unit, what was there is back, and no unit', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      const id = await machine.id();
      const { unit } = await systemd(machine);
      program(machine, 'systemctl', `[ "$1" != enable ] || { echo 'Failed to connect to bus' >&2; exit 1; }`);
      machine.declare('container:\n  extraOptions: ["--hostname=other"]\n');
      const failed = await machine.shim(['up', '--install', '--yes']);
      expect(failed).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('Failed to connect to bus'),
      });
      expect(failed.stderr).toContain('the old one is back and runs');
      expect(await has(machine, unit)).toBe(false);
      expect(await machine.id()).toBe(id);
      expect(await statusOf(machine)).toBe('running');
      expect(await policyOf(machine)).toBe('unless-stopped');
    });

    it('without systemd the engine starts it again, and that is said', async () => {
      await using machine = await kept(way);
      machine.declare('');
      const { stdout } = await machine.up(['--install']);
      expect(stdout).toMatch(/no systemd here: docker itself starts the container again .*at boot/);
      expect(await policyOf(machine)).toBe('unless-stopped');
      machine.declare('restart: on-failure\n');
      await machine.up();
      expect(await policyOf(machine)).toBe('on-failure');
    });

    it('update pulls, makes the container anew only for another image, and puts the old one back', async () => {
      await using machine = await kept(way);
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

describeModes(
  (way) => {
    it('podman goes by its unit, too, and what it cannot give back is said', async () => {
      await using machine = await kept(way);
      const { active } = await systemd(machine);
      machine.declare('');
      await machine.up(['--install']);
      expect(active()).toBe(true);
      expect(await policyOf(machine)).toBe('no');
      expect(await machine.shim(['restart'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(active()).toBe(true);
      const { stdout } = await machine.up(['--uninstall']);
      // podman 5.1 learned to change it
      if ((await policyOf(machine)) === 'no')
        expect(stdout).toContain(`until it is made anew (hermes-shim recreate --file ${machine.file})`);
      else expect(stdout).toContain('podman starts the container again when it ends, but not at boot');
      expect(await statusOf(machine)).toBe('running');
      await machine.sh(`rm ${join(machine.root, `unit-active-${machine.name}`)}`);
      expect(await machine.shim(['recreate', '--yes'])).toMatchObject({ exitCode: 0 });
      expect(await policyOf(machine)).toBe('unless-stopped');
    });
  },
  ['podman-root'],
);
