import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { companion, companionJson, steady } from '../harness/companion.ts';
import { managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import type { ManagedContainer } from '../harness/managed-container.ts';
import { describeModes, inTurns, usualModes } from '../harness/modes.ts';
import { openProxy } from '../harness/proxy.ts';
import { readReport } from '../harness/report.ts';

const modeOf = (file: string) => (statSync(file).mode & 0o7777).toString(8);
const leftovers = (container: ManagedContainer) =>
  readdirSync(container.home).filter((name) => name.startsWith('.container-mode.'));

/** A container as somebody makes one by hand: their home at /opt/data, hermes on its PATH, nothing else. */
async function handMade(helper: ManagedContainer, home: string, network: string) {
  const name = `${helper.name}-by-hand`;
  const { Image } = (await helper.inspect()).Config as { Image: string };
  const mounts = ['-v', `${home}:/opt/data`, '-v', `${helper.packageDir}/bin:/usr/local/bin:ro`];
  const what = [network, ...mounts, '-e', 'HERMES_HOME=/opt/data', Image, 'sleep', '3600'];
  await helper.engineCli(['run', '-d', '--name', name, ...what]);
  return { name, [Symbol.asyncDispose]: async () => void (await helper.engineCli(['rm', '-f', name])) };
}

describeModes((mode) => {
  it('enable finds the container of the home by itself, disable takes back what it wrote', async () => {
    await using container = await managedContainer(mode, {
      metadata: false,
      layout: 'official',
      user: 'somebody',
    });
    const enabled = await companion(container, ['enable']);
    expect(enabled).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(container.metadataFile, 'utf8')).toBe(
      [
        '# Written by hermes-shim enable; hermes-shim disable removes it.',
        `backend=${container.engine}`,
        `container_name=${container.name}`,
        'exec_user=somebody',
        'hermes_bin=/usr/local/bin/hermes',
        '',
      ].join('\n'),
    );
    expect([modeOf(container.metadataFile), leftovers(container)]).toEqual(['644', []]);
    const report = readReport((await container.hermes(['report'])).stdoutBytes);
    expect(report.env.HERMES_HOME).toBe('/opt/data');
    // once more is no accident and no error
    expect(await companion(container, ['enable'])).toMatchObject({ exitCode: 0 });
    const disabled = await companion(container, ['disable']);
    expect(disabled).toMatchObject({ exitCode: 0, stderr: '' });
    expect([existsSync(container.metadataFile), leftovers(container)]).toEqual([false, []]);
    expect(await companion(container, ['disable'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('there is nothing to remove'),
    });
  });

  it("the module's layout is found too, and its own metadata is never touched", async () => {
    await using container = await managedContainer(mode);
    const before = readFileSync(container.metadataFile, 'utf8');
    for (const command of ['enable', 'disable']) {
      const refused = await companion(container, [command]);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toContain('was written by the NixOS module');
    }
    expect(readFileSync(container.metadataFile, 'utf8')).toBe(before);
    container.writeMetadata('');
    await container.exec(['rm', '-f', '/data/.hermes/.container-mode'], { user: '0' });
    const found = await companionJson<{ bin: string; user: string; written: boolean }>(container, [
      'enable',
      '--dry-run',
    ]);
    expect(found).toMatchObject({ bin: '/data/current-package/bin/hermes', user: 'hermes', written: false });
    expect(existsSync(container.metadataFile)).toBe(false);
  });
}, inTurns(usualModes));

describeModes(
  (mode) => {
    it('shows what it found', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      const { stdout } = await companion(container, ['enable']);
      expect(steady(stdout, container).replace(/as \d+:\d+/, 'as UID:GID')).toMatchInlineSnapshot(`
        "ok      home HOME is /data/.hermes in container 'NAME' (docker)
        ok      user hermes, who owns /data/.hermes in there
        ok      hermes is /data/current-package/bin/hermes in there
        ok      wrote HOME/.container-mode (in the container, as UID:GID: the home is not this user's)

        hermes now runs in the container. Try:  hermes --version
        Back again:                             hermes-shim disable
        "
      `);
      const again = await companion(container, ['disable']);
      expect(steady(again.stdout, container)).toMatchInlineSnapshot(`
        "ok      removed HOME/.container-mode; hermes runs on this host again
        "
      `);
    });

    it('words of the container that are no user name are neither shown nor written', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      const rename = `sed -i "s/^hermes:/her$(printf '\\033')[31mmes:/" /etc/passwd`;
      await container.engineCli(['exec', '-u', '0', container.name, 'sh', '-c', rename]);
      for (const more of [['--dry-run'], []]) {
        const refused = await companion(container, ['enable', ...more]);
        expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
        expect(refused.stderr).toContain("exec_user is 'her\\x1b[31mmes'");
      }
      expect(existsSync(container.metadataFile)).toBe(false);
    });

    it('of several containers with this home it asks for one', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      await using other = await managedContainer(mode, {
        metadata: false,
        mounts: [{ source: container.home, destination: '/opt/data' }],
        env: { HERMES_HOME: '/opt/data' },
      });
      const several = await companion(container, ['enable']);
      expect(several).toMatchObject({ exitCode: 1, stdout: '' });
      expect(several.stderr).toContain('2 running containers declare the home');
      const advice = several.stderr.match(/hermes-shim enable --container \S+/g) ?? [];
      expect(advice).toHaveLength(2);
      expect(existsSync(container.metadataFile)).toBe(false);
      const chosen = advice.find((line) => line.endsWith(other.name)) ?? '';
      // its home is at /opt/data, but the store is mounted in both
      await using shell = await container.shell(`${chosen} --bin ${container.packageDir}/bin/hermes`);
      expect(await shell.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('has no') });
      expect(await companion(container, ['enable', '--container', container.name])).toMatchObject({
        exitCode: 0,
      });
    });

    it('tells a named volume, a home without HERMES_HOME, and no container at all apart', async () => {
      await using container = await managedContainer(mode, {
        metadata: false,
        env: { HERMES_HOME: undefined },
      });
      const silent = await companion(container, ['enable', '--container', container.name]);
      expect(steady(silent.stderr, container)).toMatchInlineSnapshot(`
        "hermes-shim: container 'NAME' has HOME at /data/.hermes, but declares no home (it has no HERMES_HOME in its environment)
          make it again with:  -e HERMES_HOME=/data/.hermes
        "
      `);
      const volume = `${container.name}-volume`;
      await container.engineCli(['volume', 'create', volume]);
      await using kept = await managedContainer(mode, {
        metadata: false,
        env: { HERMES_HOME: '/opt/data' },
        engineArgs: ['-v', `${volume}:/opt/data`],
      });
      const inVolume = await companion(kept, ['enable', '--container', kept.name]);
      expect(steady(inVolume.stderr, kept).replaceAll(volume, 'VOLUME')).toMatchInlineSnapshot(`
        "hermes-shim: container 'NAME' keeps its home on the volume 'VOLUME', but HERMES_HOME is set and wins: HOME
          without it:  unset HERMES_HOME; hermes-shim enable --container NAME
        "
      `);
      await kept.remove();
      await container.engineCli(['volume', 'rm', volume]);
      const absent = await companion(container, ['enable', '--container', 'nobody']);
      expect(absent).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("no running container is called 'nobody'"),
      });
    });

    it('a container without host networking is enabled, and what that means is said', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      await container.stop();
      await using lone = await handMade(container, container.home, '--network=none');
      const { stdout, exitCode } = await companion(container, ['enable', '--container', lone.name]);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining('OAuth callbacks')]);
    });

    it("somebody's own metadata is left alone, and a user or binary that is not there is not written", async () => {
      await using container = await managedContainer(mode, { metadata: false });
      writeFileSync(container.metadataFile, 'backend=docker\n');
      const refused = await companion(container, ['enable']);
      expect(refused).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('was not written by hermes-shim enable'),
      });
      expect(readFileSync(container.metadataFile, 'utf8')).toBe('backend=docker\n');
      expect(await companion(container, ['disable'])).toMatchObject({ exitCode: 1 });
      await using shell = await container.shell(refused.stderr.match(/mv .*/)?.[0] ?? '');
      expect(await shell.ended).toMatchObject({ exitCode: 0 });
      for (const wrong of [
        ['--user', 'nobody-here'],
        ['--bin', '/nowhere/hermes'],
        ['--bin', 'hermes'],
        ['--user=-u0'],
      ]) {
        expect(await companion(container, ['enable', ...wrong])).toMatchObject({ exitCode: 1, stdout: '' });
      }
      expect(existsSync(container.metadataFile)).toBe(false);
    });

    it('where hermes does not get there after all, it takes back what it wrote, or puts back what was there', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      const dir = join(container.root, 'fakes');
      const renamed = `${container.name}-renamed`;
      // the container is called otherwise from the moment on in which the metadata is written
      fakeEngine(
        dir,
        'docker',
        `case "$*" in *'set -C'*) /usr/bin/docker "$@"; /usr/bin/docker rename ${container.name} ${renamed}; exit 0 ;; esac\nexec /usr/bin/docker "$@"`,
      );
      const env = { PATH: `${dir}:${container.caller.env.PATH}` };
      const failed = await companion(container, ['enable'], { env });
      expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
      expect(failed.stderr).toMatch(
        /^hermes-shim: hermes does not reach the container by .*\.container-mode, which was taken back: /,
      );
      expect([existsSync(container.metadataFile), leftovers(container)]).toEqual([false, []]);

      await container.engineCli(['rename', renamed, container.name]);
      expect(await companion(container, ['enable'])).toMatchObject({ exitCode: 0 });
      const before = readFileSync(container.metadataFile, 'utf8');
      const again = await companion(container, ['enable', '--user', '4242'], { env });
      expect(again.exitCode).toBe(1);
      expect(again.stderr).toContain('which is as it was before: ');
      expect(readFileSync(container.metadataFile, 'utf8')).toBe(before);
    });

    it('from a container made by hand to hermes chat with two commands', async () => {
      await using helper = await managedContainer(mode, { as: 'user', metadata: false });
      const { uid, gid } = helper.caller;
      const person = join(helper.root, 'person');
      const home = join(person, '.hermes');
      mkdirSync(home, { recursive: true });
      for (const dir of [person, home]) chownSync(dir, uid, gid);
      chmodSync(helper.root, 0o755);
      await using mine = await handMade(helper, home, '--network=host');
      const env = { HOME: person, HERMES_HOME: undefined };
      // a careful umask must not lock others out of what says where hermes runs
      const enabled = await companion(helper, ['enable', '--container', mine.name], {
        env,
        first: 'umask 077',
      });
      expect(enabled).toMatchObject({ exitCode: 0, stderr: '' });
      expect([modeOf(join(home, '.container-mode')), statSync(join(home, '.container-mode')).uid]).toEqual([
        '644',
        uid,
      ]);
      await using chat = await helper.terminal(['chat'], { env });
      await chat.waitFor('> ');
      chat.write('hello\r');
      await chat.waitFor('you said: hello');
      chat.write('exit\r');
      expect(await chat.exit).toEqual({ code: 0, signal: null });
      const well = await companionJson<{ ok: boolean }>(helper, ['doctor'], { env });
      expect(well.ok).toBe(true);
    });
  },
  ['docker'],
);

describeModes(
  (mode) => {
    it('a container over which its engine hangs hides no other, and is told where none is found', async () => {
      await using stuck = await managedContainer(mode);
      await using container = await managedContainer(mode, {
        metadata: false,
        layout: 'official',
        user: 'somebody',
      });
      await using proxy = await openProxy(container);
      proxy.hold({ request: new RegExp(`/containers/${stuck.id}/json`) });
      const elsewhere = join(container.root, 'elsewhere');
      mkdirSync(elsewhere);
      const [found, none] = await Promise.all(
        [{}, { HERMES_HOME: elsewhere }].map((env) =>
          companion(container, ['enable'], { env: { ...proxy.env, ...env }, timeoutMs: 60_000 }),
        ),
      );
      expect(found).toMatchObject({ exitCode: 0, stderr: '' });
      expect(readFileSync(container.metadataFile, 'utf8')).toContain(`container_name=${container.name}\n`);
      expect(none?.exitCode).toBe(1);
      expect(none?.stderr).toContain(
        `not asked:  docker: container ${stuck.id.slice(0, 12)}: no answer in 10 s\n`,
      );
    });
  },
  ['docker'],
);
