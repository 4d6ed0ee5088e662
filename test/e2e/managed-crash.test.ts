/** Whatever ends `up`, the next one finishes its work; and two of them do not get in each other's way. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import type { Running } from '../harness/call.ts';
import { until } from '../harness/host.ts';
import { type Kept, kept, makingWays } from '../harness/kept.ts';
import { describeModes, type EngineMode, engines, inTurns } from '../harness/modes.ts';
import { swapper } from '../harness/swapper.ts';

const declared = 'settings: {model: {default: x}}\nenvironment: {TZ: UTC}\ndocuments: {USER.md: me}\n';

const drafts = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true })
        .map(String)
        .filter((name) => name.includes('hermes-shim-draft'))
    : [];

/** All that `up` promises, whatever was before. */
async function expectWhole(machine: Kept) {
  expect(readFileSync(join(machine.home, 'config.yaml'), 'utf8')).toContain('default: x');
  expect(readFileSync(join(machine.home, '.env'), 'utf8')).toContain('TZ=UTC');
  expect(drafts(machine.stateDir)).toEqual([]);
  const [names, version, status] = await Promise.all([
    machine.engine(['ps', '-a', '--format', '{{.Names}}']),
    machine.hermes(['version']),
    machine.shim(['status']),
  ]);
  expect(names.split('\n').filter((name) => name.startsWith(machine.name))).toEqual([machine.name]);
  expect(version).toMatchObject({ exitCode: 0, stderr: '' });
  expect(status.stdout).toContain('nothing differs');
}

/** Kills it and the engine's client with it, unless it was faster. */
function killIfThere(up: Running): void {
  try {
    up.killGroup('SIGKILL');
  } catch {
    // over already
  }
}

/** Whose turn a step is: the ways take them one after another, and together all. */
function isKilledAfter(way: EngineMode, step: number): boolean {
  return step % makingWays.length === makingWays.indexOf(way);
}

/** Starts `up` and kills it, and the engine's client with it, when it has said so many steps. */
async function killedAfter(machine: Kept, steps: number, args: readonly string[] = []): Promise<boolean> {
  const up = await machine.start(['up', ...args], { detached: true });
  const said = () => up.stdout().split('\n').length - 1;
  let over = false;
  up.ended.then(() => (over = true));
  await until(() => over || said() >= steps, { ms: 60_000, what: `step ${steps}`, everyMs: 1 });
  killIfThere(up);
  const { signal } = await up.ended;
  return signal === 'SIGKILL';
}

async function startOver(machine: Kept) {
  for (const name of [machine.name, `${machine.name}-before`])
    await machine
      .engine(['rm', '-f', ...(machine.way === 'docker' ? [] : ['-t', '0']), name])
      .catch(() => undefined);
  if (machine.way === 'podman-rootless') await machine.engine(['unshare', 'rm', '-rf', machine.stateDir]);
  else rmSync(machine.stateDir, { recursive: true, force: true });
  rmSync(join(machine.person, '.hermes'), { force: true });
}

describeModes((way) => {
  it('killed between any two steps of the first up, the next one finishes the work', async () => {
    await using machine = await kept(way);
    machine.declare(declared);
    const { stdout } = await machine.up();
    const count = stdout.split('\n').filter((line) => line.startsWith('ok')).length;
    expect(count).toBeGreaterThan(15);
    // the directories are alike
    const steps = [...Array(count).keys()].filter((step) => step > 7 && isKilledAfter(way, step));
    let killed = 0;
    for (const step of steps) {
      await startOver(machine);
      if (await killedAfter(machine, step)) killed++;
      await machine.up();
      await expectWhole(machine);
    }
    expect(killed).toBeGreaterThan(steps.length / 2);
  });
}, makingWays);

describeModes((way) => {
  it('killed while the container is replaced, the next one finishes the work, and only one is left', async () => {
    await using machine = await kept(way);
    machine.declare(declared);
    await machine.up();
    const options = (n: number) =>
      machine.declare(`${declared}container:\n  extraOptions: ["--hostname=n${n}"]\n`);
    let killed = 0;
    for (const step of [1, 2, 3, 4]) {
      options(step);
      if (await killedAfter(machine, step, ['--yes'])) killed++;
      await machine.up(['--yes']);
      await expectWhole(machine);
    }
    expect(killed).toBeGreaterThan(1);
    // and back to what it was before it was killed: the container that was put aside is that one
    const before = await machine.id();
    options(99);
    expect(await killedAfter(machine, 1, ['--yes'])).toBe(true);
    options(4);
    await machine.up(['--yes']);
    expect(await machine.id()).toBe(before);
    await expectWhole(machine);
  });

  it('of two at once one waits, and both succeed', async () => {
    await using machine = await kept(way);
    machine.declare(declared);
    const both = await Promise.all([machine.start(['up']), machine.start(['up'])]);
    const ends = await Promise.all(both.map(({ ended }) => ended));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const text = ends.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(text).toContain('another hermes-shim is at work on this container; waiting');
    expect(text.match(/create the container/g)).toHaveLength(1);
    await expectWhole(machine);
  });
}, inTurns(makingWays));

describeModes(
  (way) => {
    it('killed at any moment, the next one finishes the work', async () => {
      await using machine = await kept(way);
      machine.declare(declared);
      const { ms } = await machine.up();
      for (let n = 1; n <= 5; n++) {
        await startOver(machine);
        const up = await machine.start(['up'], { detached: true });
        const begun = Date.now();
        const due = begun + (ms * n) / 6;
        await until(() => Date.now() >= due, { ms: 60_000, what: 'the moment', everyMs: 1 });
        killIfThere(up);
        await up.ended;
        await machine.up();
        await expectWhole(machine);
      }
    });

    it('a full disk is told, and nothing is half written', async () => {
      await using machine = await kept(way);
      machine.declare(declared);
      await machine.up();
      // a quota of the process's own: the file system that the engine writes to is not touched
      const large = join(machine.root, 'large');
      writeFileSync(large, '');
      truncateSync(large, 3_000_000);
      machine.declare(`${declared.replace('default: x', 'default: y')}authFileForceOverwrite: false\n`);
      const text = readFileSync(machine.file, 'utf8').replace(
        'USER.md: me',
        `A.md: ${large}, USER.md: ${large}`,
      );
      writeFileSync(machine.file, text);
      const full = `mount -t tmpfs -o size=70m none ${machine.stateDir} && mkdir ${machine.home} && chown ${engines.callerUser.uid}:${engines.callerUser.gid} ${machine.stateDir} ${machine.home} && dd if=/dev/zero of=${machine.stateDir}/ballast bs=1M count=12 2>/dev/null`;
      expect(await machine.sh(full)).toMatchObject({ exitCode: 0 });
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('less than 64 MiB') });
      await machine.sh(
        `umount ${machine.stateDir}; mount -t tmpfs -o size=65m none ${machine.stateDir}; mkdir ${machine.home}; chown ${engines.callerUser.uid}:${engines.callerUser.gid} ${machine.stateDir} ${machine.home}`,
      );
      truncateSync(large, 40_000_000);
      const told = await machine.shim(['up']);
      expect(told).toMatchObject({ exitCode: 1 });
      expect(told.stderr).toMatch(
        /no space is left for .*USER\.md; nothing of it was changed\n +where: +df -h/,
      );
      const left = await machine.sh(`find ${machine.stateDir} -name '*draft*'; ls ${machine.home}`);
      expect(left.stdout).not.toContain('draft');
      expect((await machine.sh(`umount ${machine.stateDir}`)).exitCode).toBe(0);
      machine.declare(declared);
      await machine.up();
      await expectWhole(machine);
    });

    it('one that is left over from a replacement is never put back over the container that has run since', async () => {
      await using machine = await kept(way);
      machine.declare(declared);
      await machine.up();
      const old = await machine.id();
      const docker = findCommand('docker');
      const fake = join(machine.root, 'bin/docker');
      const refusing = (verb: string) =>
        writeFileSync(
          fake,
          `#!/bin/sh\n[ "$1" = ${verb} ] && { echo 'Error response from daemon: not now' >&2; exit 1; }\nexec ${docker} "$@"\n`,
          { mode: 0o755 },
        );
      const options = (n: number) =>
        machine.declare(`${declared}container:\n  extraOptions: ["--hostname=n${n}"]\n`);
      options(1);
      refusing('rm');
      const left = await machine.shim(['up', '--yes']);
      expect(left).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not now') });
      const id = await machine.id();
      expect(id).not.toBe(old);
      // what somebody installs in it meanwhile
      await machine.engine(['exec', '-u', '0', machine.name, 'touch', '/installed']);
      await machine.engine(['stop', '-t', '1', machine.name]);
      refusing('start');
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not now') });
      expect(refused.stderr).not.toContain('the old one');
      expect(await machine.id()).toBe(id);
      // nor does it take the place of the one that ran, when that is replaced in turn and the next does not come up
      options(2);
      const back = await machine.shim(['up', '--yes']);
      expect(back).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('the new container did not'),
      });
      expect(await machine.id()).toBe(id);
      rmSync(fake);
      options(1);
      await machine.up();
      expect(await machine.id()).toBe(id);
      expect(await machine.engine(['exec', machine.name, 'ls', '/installed'])).toBe('/installed');
      await expectWhole(machine);
    });

    it('an engine that dies on the way is told, and the next up goes on', async () => {
      await using machine = await kept(way);
      machine.declare(declared);
      const docker = findCommand('docker');
      const fake = join(machine.root, 'bin/docker');
      for (const verb of ['create', 'start', 'exec']) {
        writeFileSync(
          fake,
          `#!/bin/sh\n[ "$1" = ${verb} ] && { echo 'Cannot connect to the Docker daemon at unix:///run/docker.sock' >&2; exit 1; }\nexec ${docker} "$@"\n`,
        );
        chmodSync(fake, 0o755);
        // by the client, which this one stands in for: over the API nobody execs by it
        const env = { HERMES_SHIM_WAIT: '1', DOCKER_API_VERSION: '1.41' };
        const told = await machine.shim(['up'], { env });
        expect([verb, told.exitCode, told.stderr]).toEqual([
          verb,
          1,
          expect.stringContaining('Cannot connect'),
        ]);
        rmSync(fake);
        await machine.up();
        await expectWhole(machine);
        await startOver(machine);
      }
      const down = await machine.shim(['up'], { env: { DOCKER_HOST: 'unix:///nowhere' } });
      expect(down).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('sudo systemctl start docker'),
      });
    });

    it('somebody who exchanges directories for links under the hands of up gains nothing by it', async () => {
      await using machine = await kept(way);
      machine.declare(declared);
      await machine.up();
      const victim = join(machine.root, 'victim');
      mkdirSync(victim);
      for (const name of ['USER.md', '.env', 'config.yaml']) writeFileSync(join(victim, name), 'kept');
      for (const name of ['.hermes', 'workspace'] as const) {
        const away = join(machine.stateDir, 'away');
        symlinkSync(victim, away);
        await using thief = await swapper('exchange', join(machine.stateDir, name), away);
        for (let n = 0; n < 8; n++) {
          machine.declare(
            declared.replace('USER.md: me', `USER.md: me ${name} ${n}`).replace('UTC', `UTC${n}`),
          );
          const { stderr, exitCode } = await machine.shim(['up', '--yes'], {
            env: { HERMES_SHIM_WAIT: '1' },
          });
          // it works, or says what is in its way
          if (exitCode === 0) continue;
          expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^hermes-shim: ./m)]);
          expect(stderr).not.toMatch(/^\s+at |node:internal|something unforeseen/m);
        }
        expect(thief.count()).toBeGreaterThan(1000);
        await thief[Symbol.asyncDispose]();
        // whichever of the two names is the link now
        const [link, real] = lstatSync(away).isSymbolicLink()
          ? [away, undefined]
          : [join(machine.stateDir, name), away];
        rmSync(link);
        if (real) renameSync(real, join(machine.stateDir, name));
      }
      expect(readdirSync(victim).sort()).toEqual(['.env', 'USER.md', 'config.yaml']);
      for (const name of readdirSync(victim)) expect(readFileSync(join(victim, name), 'utf8')).toBe('kept');
      machine.declare(declared);
      await machine.up();
      await expectWhole(machine);
    });

    it('what the container puts in the way of up is never followed out of the state directory', async () => {
      await using machine = await kept(way);
      machine.declare(declared);
      await machine.up();
      const victim = join(machine.root, 'victim');
      mkdirSync(victim);
      writeFileSync(join(victim, 'file'), 'kept', { mode: 0o600 });
      const inside = (script: string) =>
        machine.engine(['exec', '-u', '0', machine.name, 'sh', '-c', script]);
      await inside(
        `cd /data/.hermes; rm -f .env config.yaml; ln -s ${victim}/file .env; ln -s ${victim}/file config.yaml; ln -s ${victim}/file ..container-mode.hermes-shim-draft; mkfifo /data/fifo; rm -f .managed; mv /data/fifo .managed`,
      );
      // a person may have made such a link: its file is named, and they are asked
      expect(await machine.shim(['up'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`in place of the link to ${victim}/file, which is not followed`),
      });
      await machine.up(['--yes']);
      await inside(`rm -rf /data/workspace; ln -s ${victim} /data/workspace`);
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not followed') });
      await inside(
        `rm -rf /data/workspace /data/.hermes.old; mv /data/.hermes /data/.hermes.old; ln -s ${victim} /data/.hermes`,
      );
      expect(await machine.shim(['up'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('not followed'),
      });
      expect(readdirSync(victim)).toEqual(['file']);
      expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('kept');
      expect(statSync(join(victim, 'file')).mode & 0o777).toBe(0o600);
      await inside('rm -f /data/.hermes; mv /data/.hermes.old /data/.hermes');
      await machine.up();
      await expectWhole(machine);
    });
  },
  ['docker'],
);
