/** Where a call runs: each rule of the order in which it is decided, with real engines where it ends in one. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, plainEnv } from '../../scripts/engines/command.ts';
import { type CallOptions, call } from '../harness/call.ts';
import { hermesUid, type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { installShim, nodeDir, shim } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { nativeHermes, nativeIn } from '../harness/native.ts';
import { readReport } from '../harness/report.ts';
import { callWithView, type View } from '../harness/view.ts';

const inContainer = { exitCode: 0, stdout: 'Hermes Agent v0.0.0 (probe)\n', stderr: '' };
const native = (label: string, words: string, name = 'hermes') => ({
  exitCode: 0,
  stdout: `native ${label} ${name}: ${words}\n`,
  stderr: '',
});

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(engines.dir, 'deciding-'));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const nobody = () => ({ name: 'root', uid: 0, gid: 0, home: scratch, env: plainEnv(scratch) });

/** A second copy of the installed shim. */
async function copyOfShim(name: string): Promise<string> {
  const { binDir } = await installShim();
  cpSync(dirname(binDir), join(scratch, name), { recursive: true, verbatimSymlinks: true });
  return join(scratch, name, 'bin');
}

describe('native', () => {
  it('without a home, without metadata in it, or with a file in its place', async () => {
    const NATIVE = nativeIn(scratch, 'n1');
    mkdirSync(join(scratch, 'empty/.hermes'), { recursive: true });
    writeFileSync(join(scratch, 'file'), '');
    for (const env of [
      { HERMES_HOME: undefined },
      { HERMES_HOME: '' },
      { HERMES_HOME: '/nonexistent/.hermes' },
      { HERMES_HOME: join(scratch, 'empty/.hermes') },
      { HERMES_HOME: join(scratch, 'file') },
      { HERMES_HOME: join(scratch, 'empty/.hermes/profiles/none') },
    ]) {
      const options = { env: { ...env, HERMES_NATIVE_DIR: NATIVE } };
      const ended = await call(nobody(), [await shim(), '--version', 'a b'], options).ended;
      expect(ended).toMatchObject(native('n1', '--version a b'));
    }
  });

  it('is not what a relative HERMES_HOME comes to where the current directory is gone: that is an error', async () => {
    const gone = mkdtempSync(join(scratch, 'gone-'));
    for (const HERMES_HOME of ['.hermes', '../.hermes']) {
      const env = { HERMES_HOME, HERMES_NATIVE_DIR: nativeIn(scratch, 'n2') };
      const options = { env, cwd: gone, first: `rmdir ${gone}` };
      const { exitCode, stdout, stderr } = await call(nobody(), [await shim()], options).ended;
      expect([exitCode, stdout]).toEqual([125, '']);
      expect(stderr).toContain(`hermes: HERMES_HOME is '${HERMES_HOME}', and the current directory`);
      mkdirSync(gone);
    }
  });

  it('is the next hermes on PATH, under each of the three names', async () => {
    const dir = nativeHermes(join(scratch, 'three'), 'three', ['hermes', 'hermes-agent', 'hermes-acp']);
    const { binDir } = await installShim();
    const PATH = [binDir, nodeDir(), dir, '/usr/bin:/bin'].join(':');
    for (const name of ['hermes', 'hermes-agent', 'hermes-acp'])
      expect(await call(nobody(), [name, 'x'], { env: { PATH } }).ended).toMatchObject(
        native('three', 'x', name),
      );
  });

  it('two installed copies do not call each other for ever, through links either', async () => {
    const { binDir } = await installShim();
    const second = await copyOfShim('second');
    const linked = join(scratch, 'linked');
    mkdirSync(linked);
    symlinkSync(join(second, 'hermes'), join(linked, 'hermes'));
    const dirs = [linked, binDir, second, nativeIn(scratch, 'loop')];
    const path = (list: string[]) => ({ env: { PATH: [nodeDir(), ...list, '/usr/bin:/bin'].join(':') } });
    for (const order of [
      dirs,
      [binDir, second, ...dirs.slice(3)],
      [second, binDir, linked, ...dirs.slice(3)],
    ])
      expect(await call(nobody(), ['hermes', 'hi'], path(order)).ended).toMatchObject(native('loop', 'hi'));
    const none = await call(nobody(), ['hermes', 'hi'], path([binDir, second, linked])).ended;
    expect(none.exitCode).toBe(127);
    expect(none.stderr).toContain('hermes: there is no other hermes on this host (looked at: ');
    expect(none.stderr).toContain(join(second, 'hermes'));
  });

  it('launchers that only call the shim again are told to be a circle', async () => {
    const circle = dirname(fakeEngine(join(scratch, 'circle'), 'hermes', `exec ${await shim()} "$@"`));
    const ended = await call(nobody(), [await shim()], { env: { HERMES_NATIVE_DIR: circle } }).ended;
    expect(ended).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('calls itself in a circle'),
    });
  });

  it.runIf(engines.asRoot)(
    'without /proc a native hermes has the descriptors that it was given',
    async () => {
      const dir = join(scratch, 'chroot');
      mkdirSync(dir);
      writeFileSync(join(dir, 'hermes'), '#!/bin/sh\nread -r line; echo "got $line"; echo also >&2\n', {
        mode: 0o755,
      });
      const hidden = ['--mount', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh', await shim()];
      const env = { PATH: `${nodeDir()}:/usr/bin:/bin`, HERMES_DEV: '1', HERMES_NATIVE_DIR: dir };
      const ended = await execa('unshare', hidden, {
        env,
        extendEnv: false,
        input: 'a line\n',
        reject: false,
      });
      expect(ended).toMatchObject({ exitCode: 0, stdout: 'got a line', stderr: 'also' });
    },
  );

  it('a hermes that cannot be run is 126', async () => {
    const dir = join(scratch, 'broken');
    mkdirSync(dir);
    writeFileSync(join(dir, 'hermes'), '#!/nonexistent/interpreter\n', { mode: 0o755 });
    const ended = await call(nobody(), [await shim()], { env: { HERMES_NATIVE_DIR: dir } }).ended;
    expect(ended).toMatchObject({
      exitCode: 126,
      stderr: expect.stringContaining('could not be run (ENOENT)'),
    });
  });
});

describeModes((mode) => {
  describe('with a managed container', () => {
    let container: ManagedContainer;
    beforeAll(async () => {
      container = await managedContainer(mode);
    });
    afterAll(() => container[Symbol.asyncDispose]());
    const version = (env: CallOptions['env'], options: CallOptions = {}) =>
      container.hermes(['version'], { ...options, env: { ...env } });

    it('HERMES_DEV=1, and only that, is native: the virtual environment’s first', async () => {
      const [venv, dir] = [
        nativeHermes(join(scratch, `${mode}-venv/bin`), 'venv'),
        nativeIn(scratch, `${mode}-dev`),
      ];
      const env = { HERMES_DEV: '1', HERMES_NATIVE_DIR: dir };
      expect(await version({ ...env, VIRTUAL_ENV: dirname(venv) })).toMatchObject(native('venv', 'version'));
      expect(await version(env)).toMatchObject(native(`${mode}-dev`, 'version'));
      container.forgetStarts();
      for (const HERMES_DEV of ['true', ''])
        expect(await version({ ...env, HERMES_DEV })).toMatchObject(inContainer);
      expect(container.starts()).toHaveLength(2);
    });

    it('a home given by any name leads there: relative, with a slash at the end, through a link, ~/.hermes', async () => {
      const link = join(scratch, `${mode}-link`);
      symlinkSync(container.home, link);
      const person = join(scratch, `${mode}-person`);
      mkdirSync(person);
      symlinkSync(container.home, join(person, '.hermes'));
      expect(await version({ HERMES_HOME: `${container.home}/` })).toMatchObject(inContainer);
      expect(await version({ HERMES_HOME: link })).toMatchObject(inContainer);
      expect(await version({ HERMES_HOME: '.hermes' }, { cwd: container.stateDir })).toMatchObject(
        inContainer,
      );
      if (mode !== 'podman-rootless')
        for (const HERMES_HOME of [undefined, ''])
          expect(await version({ HERMES_HOME, HOME: person })).toMatchObject(inContainer);
    });

    it('without backend= the engine that has it is found', async () => {
      const lines = `container_name=${container.name}\nhermes_bin=${container.hermesBin}\n`;
      container.writeMetadata(lines);
      expect(await version({})).toMatchObject(inContainer);
    });

    it('a profile without metadata of its own runs there, with its own home', async () => {
      const HERMES_HOME = join(container.home, 'profiles/side');
      const { stdoutBytes, stderr } = await container.hermes(['report'], { env: { HERMES_HOME } });
      expect(stderr).toBe('');
      expect(readReport(stdoutBytes).env.HERMES_HOME).toBe('/data/.hermes/profiles/side');
    });

    it('with the short PATH of cron and units, and with no environment to speak of', async () => {
      const { engine } = container;
      const place = join(scratch, `${mode}-beside`);
      mkdirSync(place);
      symlinkSync(await shim(), join(place, 'hermes'));
      symlinkSync(join(nodeDir(), 'node'), join(place, 'node'));
      expect(
        await version({ PATH: '/usr/bin:/bin' }, { first: `set -- ${place}/hermes version` }),
      ).toMatchObject(inContainer);
      const needed = ['HERMES_HOME', ...(engine === 'docker' ? ['DOCKER_HOST'] : []), 'XDG_RUNTIME_DIR'];
      const kept = needed.flatMap((name) =>
        container.caller.env[name] ? [`${name}=${container.caller.env[name]}`] : [],
      );
      const ended = await container.call(['env', '-i', ...kept, join(place, 'hermes'), 'version']).ended;
      expect(ended).toMatchObject(inContainer);
    });
  });

  it('the official image’s layout', async () => {
    await using container = await managedContainer(mode, { layout: 'official', image: 'busybox' });
    expect(await container.hermes(['version'])).toMatchObject(inContainer);
    expect(container.starts()).toHaveLength(1);
  });

  it('a declared profile, by its own metadata and launcher, and a service user of another name', async () => {
    await using container = await managedContainer(mode, { profile: 'coder', user: 'svc-agent' });
    const { stdoutBytes, stderr } = await container.hermes(['report', '-', 'x']);
    expect(stderr).toBe('');
    const report = readReport(stdoutBytes);
    expect(report).toMatchObject({ uid: hermesUid, env: { HERMES_HOME: '/data/.hermes/profiles/coder' } });
    expect(report.args).toEqual(['report', '-', 'x']);
  });
});

describeModes(
  (mode) => {
    it('inside the container hermes is the container’s own, metadata or not', async () => {
      const { binDir, packageDir } = await installShim();
      const node = process.execPath;
      const { stdout } = await attempt(['ldd', node]);
      const libraries = [...stdout.matchAll(/\/\S+(?= \(0x)/g)].map(([library]) => dirname(library));
      const places = [...new Set([...libraries, dirname(node), dirname(binDir)])];
      await using container = await managedContainer(mode, {
        mounts: places.map((source) => ({ source, destination: source, readOnly: true })),
      });
      const run = (env: string) => [
        ...[
          '/bin/sh',
          '-c',
          `PATH=${dirname(node)}:/data/current-package/bin:/bin ${env} ${packageDir}/bin/hermes "$@"`,
        ],
        ...['sh', 'version'],
      ];
      for (const env of ['', 'HERMES_MANAGED= HERMES_SHIM_SESSION=1-2-x']) {
        const { code, stdout, stderr } = await container.exec(run(env));
        expect([code, stdout, stderr]).toEqual([0, inContainer.stdout, '']);
      }
      expect(container.starts()).toHaveLength(2);
      // it takes both: with the marker alone it is the container that is looked for, and there is no engine in here
      const outside = await container.exec(run('HERMES_MANAGED= HERMES_SHIM_WAIT=0'));
      expect([outside.code, outside.stdout]).toEqual([125, '']);
      expect(container.starts()).toHaveLength(2);
    });
  },
  ['docker', 'podman-root'],
);

/** What needs root, since it needs a view of /etc and /run of its own, or SUDO_USER. */
describeModes(
  () => {
    let container: ManagedContainer;
    beforeAll(async () => {
      container = await managedContainer('docker');
    });
    afterAll(() => container[Symbol.asyncDispose]());

    const pinPath = '/etc/hermes-shim/container-mode';
    const pinText = (keys: Record<string, string> = {}) =>
      Object.entries({
        backend: 'docker',
        container_name: container.name,
        exec_user: 'hermes',
        hermes_bin: container.hermesBin,
        hermes_home: container.home,
        ...keys,
      })
        .map(([key, value]) => `${key}=${value}\n`)
        .join('');
    const viewed = async (view: View, options: CallOptions = {}, caller = container.caller) =>
      callWithView(caller, view, [await shim(), 'version'], options).ended;
    const pinned = (text: string, options?: CallOptions, caller?: typeof container.caller) =>
      viewed({ files: { [pinPath]: text } }, options, caller);
    const user = () => ({ ...container.caller, ...engines.callerUser });

    it('a stray container marker does not keep a call on the host', async () => {
      expect(await viewed({ files: { '/run/.containerenv': '' } })).toMatchObject(inContainer);
    });

    it('but marker and environment together do', async () => {
      const dir = nativeIn(scratch, 'marked');
      const env = { HERMES_MANAGED: 'true', HERMES_NATIVE_DIR: dir };
      expect(await viewed({ files: { '/run/.containerenv': '' } }, { env })).toMatchObject(
        native('marked', 'version'),
      );
    });

    it('under sudo the home is that of whoever called sudo', async () => {
      const link = join(engines.callerUser.home, '.hermes');
      symlinkSync(container.home, link);
      try {
        const env = { HERMES_HOME: undefined, HOME: scratch, SUDO_USER: engines.callerUser.name };
        expect(await container.hermes(['version'], { env })).toMatchObject(inContainer);
        const dir = nativeIn(scratch, 'sudo');
        // not for whoever is not root, and not by a name that is none
        for (const SUDO_USER of ['-h', '../root', 'nobody-of-that-name', '$(id)', '']) {
          const odd = { env: { ...env, SUDO_USER, HERMES_NATIVE_DIR: dir } };
          expect(await container.hermes(['version'], odd)).toMatchObject(native('sudo', 'version'));
        }
      } finally {
        unlinkSync(link);
      }
    });

    it('a pin wins over the metadata', async () => {
      container.writeMetadata({ container_name: 'another', exec_user: 'root', hermes_bin: '/bin/false' });
      expect(await pinned(pinText())).toMatchObject(inContainer);
      container.writeMetadata({ backend: 'bash' });
      expect(await pinned(pinText())).toMatchObject(inContainer);
    });

    it('with a pin it does not matter that the container deletes the metadata, or makes a trap of it', async () => {
      rmSync(container.metadataFile);
      expect(await pinned(pinText())).toMatchObject(inContainer);
      mkdirSync(container.metadataFile);
      expect(await pinned(pinText())).toMatchObject(inContainer);
      rmSync(container.metadataFile, { recursive: true });
      container.writeMetadata({});
    });

    it('a pin finds the home by itself, without HERMES_HOME and HOME, and for a user who cannot enter it', async () => {
      const none = { HERMES_HOME: undefined, HOME: scratch };
      expect(await pinned(pinText(), { env: none })).toMatchObject(inContainer);
      const bare = { env: { HERMES_HOME: undefined, HOME: undefined } };
      expect(await pinned(pinText(), bare, user())).toMatchObject(inContainer);
      chmodSync(container.stateDir, 0o700);
      try {
        expect(await pinned(pinText(), bare, user())).toMatchObject(inContainer);
        expect(await pinned(pinText(), {}, user())).toMatchObject(inContainer);
        // ~/.hermes, the link that the module makes, leads where this user may not go
        const linked = mkdtempSync(join(container.root, 'person-'));
        chmodSync(linked, 0o755);
        symlinkSync(container.home, join(linked, '.hermes'));
        const env = { HERMES_HOME: undefined, HOME: linked };
        expect(await pinned(pinText(), { env }, user())).toMatchObject(inContainer);
      } finally {
        chmodSync(container.stateDir, 0o755);
      }
    });

    it('a pin speaks for the profiles of its home', async () => {
      const env = { HERMES_HOME: join(container.home, 'profiles/side') };
      const view = { files: { [pinPath]: pinText() } };
      const { stdoutBytes } = await callWithView(container.caller, view, [await shim(), 'report'], { env })
        .ended;
      expect(readReport(stdoutBytes).env.HERMES_HOME).toBe('/data/.hermes/profiles/side');
    });

    it('another HERMES_HOME, set on purpose, is not the pin’s business', async () => {
      await using other = await managedContainer('docker');
      container.forgetStarts();
      expect(await pinned(pinText(), {}, other.caller)).toMatchObject(inContainer);
      expect([other.starts().length, container.starts().length]).toEqual([1, 0]);
      const env = { HERMES_HOME: join(scratch, 'empty'), HERMES_NATIVE_DIR: nativeIn(scratch, 'other') };
      expect(await pinned(pinText(), { env })).toMatchObject(native('other', 'version'));
    });

    it.each([
      ['is group-writable', { mode: 0o664 }],
      ['anybody can write', { mode: 0o646 }],
      ['belongs to somebody else', { uid: 4242 }],
      ['lies in a directory that anybody can write', { directoryMode: 0o777 }],
    ])('a pin that %s is an error, whatever it says', async (_, file) => {
      const { exitCode, stderr, stdout } = await viewed({
        files: { [pinPath]: { text: pinText(), ...file } },
      });
      expect([exitCode, stdout]).toEqual([125, '']);
      expect(stderr).toMatch(
        /^hermes: \/etc\/hermes-shim(\/container-mode)? can be written by someone other than root/,
      );
      expect(stderr).toContain('sudo chown -h root:root /etc/hermes-shim');
    });

    it.each([
      ['without a home', (text: string) => text.replace(/hermes_home=.*\n/, ''), 'has no hermes_home='],
      [
        'with a bad value',
        (text: string) => text.replace('backend=docker', 'backend=bash'),
        "line 1: backend is 'bash'",
      ],
      ['that is binary', (text: string) => `${text}\0`, 'is not a text file'],
    ])('a pin %s is an error, not a fall back to the metadata', async (_, change, words) => {
      const { exitCode, stderr } = await pinned(change(pinText()));
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining(words)]);
    });

    it.each([
      ['into a directory that anybody can write', 'chmod 777 $d', ''],
      ['into a directory that belongs to somebody else', 'chown 4242 $d', ''],
      ['through such a directory', 'chmod 777 $d; mkdir $d/safe; mv $d/pin $d/safe/', '/safe'],
      ['by a link in such a directory', 'mkdir $d.x; mv $d/pin $d.x/; ln -s $d.x/pin $d/; chmod 777 $d', ''],
    ])('a pin that is a link %s is an error: what it leads to can be exchanged', async (_, deed, below) => {
      const dir = mkdtempSync(join(scratch, 'pin-'));
      chmodSync(dir, 0o755);
      const last = `d=${dir}; mv ${pinPath} $d/pin; ${deed}; ln -s $d${below}/pin ${pinPath}`;
      const { exitCode, stderr } = await viewed({ files: { [pinPath]: pinText() }, last });
      expect([exitCode, stderr]).toEqual([
        125,
        expect.stringContaining(`${dir} can be written by someone other than root`),
      ]);
    });

    it('a pin that is a link counts where only root could exchange it, as in NixOS’s store', async () => {
      const dir = mkdtempSync(join(scratch, 'pin-'));
      // the store's: builders may add to it, but nobody may take away what is root's
      const last = `chmod 1775 ${dir}; mkdir ${dir}/etc; mv ${pinPath} ${dir}/etc/pin
        ln -s ${dir}/etc ${dir}/static; ln -s ${dir}/static/pin ${pinPath}`;
      expect(await viewed({ files: { [pinPath]: pinText() }, last })).toMatchObject(inContainer);
    });

    it.each([
      ['a directory', 'mkdir -p', 'is not a regular file'],
      ['a FIFO', 'mkfifo', 'is not a regular file'],
    ])('a pin that is %s is an error, and nobody waits', async (_, make, words) => {
      const last = `rm ${pinPath}; ${make} ${pinPath}`;
      const { exitCode, stderr } = await viewed({ files: { [pinPath]: '' }, last });
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining(`${pinPath} ${words}`)]);
    });
  },
  engines.asRoot ? ['docker'] : [],
);
