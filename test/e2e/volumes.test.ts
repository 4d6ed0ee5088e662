/** A home on a named volume: no directory of the host can say where hermes runs, so the caller's own file does. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { companionJson } from '../harness/companion.ts';
import { checkOf, type Report } from '../harness/doctor.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { shim } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { numbersOf, officialContainer } from '../harness/official.ts';
import { readReport } from '../harness/report.ts';
import { callWithView } from '../harness/view.ts';
import { type VolumeHome, volumeHome } from '../harness/volume.ts';

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

async function enabled(home: VolumeHome): Promise<void> {
  expect(await home.call('hermes-shim', ['enable', '--container', home.container.name])).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
}

describeModes((mode) => {
  it('hermes runs in the container of a home on a volume, also in the next container of it, until disable', async () => {
    await using home = await volumeHome(mode);
    const { container, volume, file } = home;
    await enabled(home);
    expect(readFileSync(file, 'utf8').split('\n')).toEqual([
      '# Written by hermes-shim enable; hermes-shim disable removes it.',
      `backend=${container.engine}`,
      `container_name=${container.name}`,
      'exec_user=hermes',
      'hermes_bin=/opt/hermes/.venv/bin/hermes',
      'hermes_home=/opt/data',
      `volume=${volume}`,
      '',
    ]);
    expect([modeOf(file), modeOf(dirname(file)), statSync(file).uid]).toEqual([
      '600',
      '700',
      container.caller.uid,
    ]);
    const report = readReport((await home.call('hermes', ['report'])).stdoutBytes);
    expect(report).toMatchObject({ uid: numbersOf(mode).inside, env: { HERMES_HOME: '/opt/data' } });
    await home.call('hermes', ['sh', '-c', 'echo kept >/opt/data/kept']);
    await container.remove();
    await container.create();
    await container.start();
    expect(await home.call('hermes', ['sh', '-c', 'cat /opt/data/kept'])).toMatchObject({ stdout: 'kept\n' });
    const doctor = await companionJson<Report>(container, ['doctor'], { env: home.env });
    expect(checkOf(doctor, 'same home')).toMatchObject({
      status: 'ok',
      says: `/opt/data in there is on volume ${volume}`,
    });
    expect(doctor.ok).toBe(true);
    const off = await home.call('hermes-shim', ['disable']);
    expect(off).toMatchObject({ exitCode: 0, stderr: '' });
    expect(existsSync(file)).toBe(false);
  });
});

describeModes(
  (mode) => {
    it('HERMES_HOME set on purpose still wins, a ~/.hermes that appears does not', async () => {
      await using home = await volumeHome(mode);
      const { container } = home;
      await enabled(home);
      const person = join(container.root, 'person');
      mkdirSync(join(person, '.hermes'), { recursive: true });
      const inside = await home.call('hermes', ['report'], { HOME: person });
      expect(readReport(inside.stdoutBytes).uid).toBe(numbersOf(mode).inside);
      const native = { HERMES_NATIVE_DIR: '/nonexistent' };
      const elsewhere = await home.call('hermes', ['report'], { HERMES_HOME: container.home, ...native });
      expect(elsewhere).toMatchObject({
        exitCode: 127,
        stderr: expect.stringContaining('there is no other hermes'),
      });
    });

    it('without a home here enable takes the only container on a volume by itself; with one it asks first', async () => {
      await using home = await volumeHome(mode);
      const person = join(home.container.root, 'person');
      mkdirSync(person);
      const own = { HOME: person, XDG_CONFIG_HOME: join(home.config, 'fresh') };
      const only = await home.call('hermes-shim', ['enable', '--dry-run'], own);
      // other tests have containers on volumes at the same time
      if (only.exitCode === 0) expect(only.stdout).toContain(`volume=${home.volume}\n`);
      else expect(only.stderr).toContain('running containers have a home on a volume');
      mkdirSync(join(person, '.hermes'));
      const asked = await home.call('hermes-shim', ['enable'], own);
      expect(asked).toMatchObject({ exitCode: 1, stdout: '' });
      expect(asked.stderr).toContain('hermes-shim enable --container ');
      const set = await home.call('hermes-shim', ['enable', '--container', home.container.name], {
        HERMES_HOME: home.container.home,
      });
      expect(set.stderr).toContain('but HERMES_HOME is set and wins');
      expect(existsSync(home.file)).toBe(false);
    });

    it.runIf(engines.asRoot)(
      'a file that somebody else may have written is an error, and hermes runs nowhere',
      async () => {
        await using home = await volumeHome(mode);
        await enabled(home);
        const { container, file } = home;
        const { uid, gid } = container.caller;
        const good = readFileSync(file, 'utf8');
        const directory = dirname(file);
        const deeds: Record<string, () => void> = {
          'a link to a good file': () => {
            renameSync(file, join(home.config, 'good'));
            symlinkSync('../good', file);
          },
          'another user’s': () => chownSync(file, uid + 1, gid),
          'readable by others': () => chmodSync(file, 0o644),
          'writable by its group': () => chmodSync(file, 0o620),
          'a FIFO': () => {
            rmSync(file);
            execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', file]);
            chownSync(file, uid, gid);
          },
          'a directory': () => {
            rmSync(file);
            mkdirSync(file);
          },
          'too large': () => writeFileSync(file, `${good}${'#'.repeat(70_000)}\n`),
          'of a directory that others can write': () => chmodSync(directory, 0o770),
          'of a directory of another user': () => chownSync(directory, uid + 1, gid),
          'of a directory that is a link': () => {
            renameSync(directory, join(home.config, 'real'));
            symlinkSync('real', directory);
          },
          'without a volume': () => writeFileSync(file, good.replace(/^volume=.*$/m, '')),
          'without an engine': () => writeFileSync(file, good.replace(/^backend=.*$/m, '')),
          'with a volume that nobody named': () =>
            writeFileSync(file, good.replace(/^volume=.*$/m, `volume=${'a'.repeat(64)}`)),
        };
        for (const [what, deed] of Object.entries(deeds)) {
          rmSync(home.config, { recursive: true });
          mkdirSync(home.config);
          mkdirSync(directory, { mode: 0o700 });
          writeFileSync(file, good, { mode: 0o600 });
          for (const path of [directory, file]) chownSync(path, uid, gid);
          expect(await home.call('hermes', ['exit', '0']), 'before').toMatchObject({
            exitCode: 0,
            stderr: '',
          });
          deed();
          const ended = await home.call('hermes', ['exit', '0'], { HERMES_NATIVE_DIR: container.packageDir });
          expect([ended.exitCode, ended.stdout, ended.timedOut], what).toEqual([125, '', false]);
          expect(ended.stderr, what).toMatch(/^hermes: \//);
        }
      },
    );

    it('a container that lies on another volume, over the volume or has it read-only is not entered', async () => {
      await using home = await volumeHome(mode);
      await enabled(home);
      const { container, volume } = home;
      const { name } = container;
      await container.remove();
      const options = { start: false as const, volume };
      const others: Record<string, Parameters<typeof officialContainer>[1]> = {
        "which lies on the volume '": { start: false, volume: `${volume}-other` },
        'which lies on no volume': { start: false },
        'not /opt/data': { ...options, env: { HERMES_HOME: '/opt/data/x' } },
        'declares no home': { ...options, env: { HERMES_HOME: '' } },
      };
      for (const [says, facts] of Object.entries(others)) {
        await using other = await officialContainer(mode, facts);
        await other.rename(name);
        const ended = await home.call('hermes', ['exit', '0']);
        expect([ended.exitCode, ended.stdout], says).toEqual([125, '']);
        expect(ended.stderr).toContain(says);
        await other.remove();
        await other.ask(['volume', 'rm', '-f', `${volume}-other`]);
      }
      const readOnly = ['-v', `${volume}:/opt/data:ro`, engines.images.official];
      await container.engineCli(['create', '--name', name, ...readOnly]);
      const ended = await home.call('hermes', ['exit', '0']);
      expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
      expect(ended.stderr).toContain('has its volume mounted read-only');
      await container.engineCli(['rm', '-f', name]);
    });
  },
  ['docker', 'podman-root'],
);

describeModes(
  (mode) => {
    it('a volume of that name on the other engine is another volume', async () => {
      await using home = await volumeHome(mode);
      await enabled(home);
      const { container } = home;
      await container.stop();
      const text = readFileSync(home.file, 'utf8');
      const other = container.engine === 'docker' ? 'podman' : 'docker';
      writeFileSync(home.file, text.replace(/^backend=.*$/m, `backend=${other}`));
      const ended = await home.call('hermes', ['exit', '0']);
      expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
      writeFileSync(home.file, text);
      const stopped = await home.call('hermes', ['exit', '0']);
      expect(stopped.stderr).toContain('is not running');
    });
  },
  ['docker'],
);

describeModes(
  (mode) => {
    it.runIf(engines.asRoot)(
      'sudo hermes of a user with such a file is an error, neither this host nor their container, until root has said something',
      async () => {
        await using home = await volumeHome(mode);
        await enabled(home);
        const { container } = home;
        const [alice, root, dir] = ['alice', 'root', 'other'].map((name) => join(container.root, name)) as [
          string,
          string,
          string,
        ];
        mkdirSync(root);
        fakeEngine(dir, 'hermes', 'echo other');
        const file = join(alice, '.config/hermes-shim/container-mode');
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        writeFileSync(file, readFileSync(home.file, 'utf8'), { mode: 0o600 });
        for (const path of [alice, join(alice, '.config'), dirname(file), file])
          chownSync(path, 54_321, 54_321);
        const passwd = `${readFileSync('/etc/passwd', 'utf8')}alice:x:54321:54321::${alice}:/bin/sh\n`;
        const bare = { ...home.env, XDG_CONFIG_HOME: undefined, HOME: root };
        const sudo = async (env: Record<string, string | undefined> = {}) =>
          callWithView(
            container.caller,
            { files: { '/etc/passwd': passwd } },
            [await shim(), 'sh', '-c', 'echo inside'],
            { env: { ...bare, SUDO_USER: 'alice', HERMES_NATIVE_DIR: dir, ...env } },
          ).ended;
        const refused = {
          exitCode: 125,
          stdout: '',
          stderr: expect.stringContaining(`hermes: alice has hermes in a container by ${file}, which root`),
        };
        const [other, inside] = ['other\n', 'inside\n'].map((stdout) => ({ exitCode: 0, stdout }));
        expect(await sudo()).toMatchObject(refused);
        expect(await sudo({ HOME: alice }), 'HOME was kept').toMatchObject(refused);
        mkdirSync(join(root, '.hermes'));
        expect(await sudo(), 'a hermes of this host made it').toMatchObject(refused);
        expect(await sudo({ HERMES_DEV: '1' })).toMatchObject(other ?? {});
        expect(await sudo({ HERMES_HOME: join(root, '.hermes') })).toMatchObject(other ?? {});
        expect(await sudo({ XDG_CONFIG_HOME: home.config })).toMatchObject(inside ?? {});
        expect(await sudo({ SUDO_USER: undefined })).toMatchObject(other ?? {});
        rmSync(file);
        expect(await sudo()).toMatchObject(other ?? {});
      },
    );
  },
  ['podman-root'],
);
