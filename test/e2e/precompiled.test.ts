/** What an installation compiles beforehand makes calls faster, and is never needed. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchRuntime } from '../../scripts/runtimes.ts';
import { asFunction, programFile } from '../../src/start/program.ts';
import { managedContainer } from '../harness/container.ts';
import { installShim, nodeDir, nodeVersions, packShim } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';

const root = mkdtempSync(join(engines.dir, 'precompiled-'));
const native = join(root, 'native');

beforeAll(() => {
  mkdirSync(native);
  writeFileSync(join(native, 'hermes'), '#!/bin/sh\nprintf "%s," "$@"\nexit 6\n');
  chmodSync(join(native, 'hermes'), 0o755);
});

const compiledIn = (dist: string) => readdirSync(dist).filter((file) => file.endsWith('.compiled'));

/** A copy of the installed package that a test may spoil. */
async function copy(): Promise<{ hermes: string; dist: string }> {
  const { packageDir } = await installShim();
  const dir = mkdtempSync(join(root, 'copy-'));
  cpSync(packageDir, dir, { recursive: true, verbatimSymlinks: true });
  return { hermes: join(dir, 'bin/hermes'), dist: join(dir, 'dist') };
}

/** A call that gets as far as a native hermes. */
async function expectToWork(hermes: string, node?: string): Promise<void> {
  const env = { PATH: `${nodeDir(node)}:/usr/bin:/bin`, HERMES_DEV: '1', HERMES_NATIVE_DIR: native };
  const ended = await execa(hermes, ['a', ''], { env, extendEnv: false, reject: false });
  expect(ended).toMatchObject({ exitCode: 6, stdout: 'a,,', stderr: '' });
}

describe('the program, compiled when it is installed', () => {
  it('npm does that for its node, and leaves it to be read by everybody', async () => {
    const dir = mkdtempSync(join(root, 'npm-'));
    const tarball = await packShim(dir);
    const install = ['install', '--global', '--offline', '--silent', '--prefix', dir];
    const dist = join(dir, 'lib/node_modules/hermes-shim/dist');
    await execa('sh', ['-c', 'umask 077 && exec npm "$@"', 'sh', ...install, tarball], { cwd: dir });
    const [file = ''] = compiledIn(dist);
    expect(file).toContain(`-${process.versions.v8}-${process.arch}.`);
    expect(statSync(join(dist, file)).mode).toBe(statSync(join(dist, programFile)).mode);
    await expectToWork(join(dir, 'bin/hermes'));
    await execa('npm', [...install, '--ignore-scripts', tarball], { cwd: dir });
    expect(compiledIn(dist)).toEqual([]);
    await expectToWork(join(dir, 'bin/hermes'));
  });

  it.each(nodeVersions)(
    'node %s takes what it has compiled itself, and leaves what others have alone',
    async (version) => {
      const node = await fetchRuntime(version);
      const { hermes, dist } = await copy();
      await expectToWork(hermes, node);
      const others = compiledIn(dist);
      await execa(node, [join(dist, 'hermes-precompile.cjs')]);
      const own = compiledIn(dist).filter((file) => !others.includes(file));
      expect(own).toHaveLength(1);
      const ask = `const { readFileSync } = require('node:fs');
        const text = ${asFunction.toString()}(readFileSync(process.argv[1], 'latin1'));
        const cachedData = readFileSync(process.argv[2]);
        console.log(new (require('node:vm').Script)(text, { cachedData }).cachedDataRejected);`;
      const files = [join(dist, programFile), join(dist, String(own))];
      // under the options with which the launcher starts it
      const { stdout } = await execa(node, [
        ...['--random-seed=10331', '--v8-pool-size=1', '--preserve-symlinks-main', '-e', ask],
        ...files,
      ]);
      expect(stdout).toBe('false');
      await expectToWork(hermes, node);
    },
  );

  it.each([
    ['is empty', (file: string) => truncateSync(file, 0)],
    ['is cut off', (file: string) => truncateSync(file, 9000)],
    ['is something else', (file: string) => writeFileSync(file, 'rubbish '.repeat(20_000))],
    ['is not there', (file: string) => rmSync(file)],
  ])('is not needed: where it %s, the call goes its way', async (_, spoil) => {
    const { hermes, dist } = await copy();
    spoil(join(dist, String(compiledIn(dist))));
    await expectToWork(hermes);
  });

  it('asks node for no more than a native hermes needs', async () => {
    const { dist } = await copy();
    const [hook, log] = [join(root, 'hook.cjs'), join(root, 'loaded')];
    const wrap = `const { Module } = require('node:module');
      const { appendFileSync } = require('node:fs');
      const load = Module.prototype.require;
      Module.prototype.require = function (id) {
        appendFileSync(${JSON.stringify(log)}, id + '\\n');
        return load.call(this, id);
      };`;
    writeFileSync(hook, wrap);
    const env = {
      PATH: '/usr/bin:/bin',
      HERMES_DEV: '1',
      HERMES_NATIVE_DIR: native,
      HERMES_SHIM_TERMINALS: '',
    };
    const node = await fetchRuntime(nodeVersions.at(-1) ?? '');
    const argv = ['--require', hook, join(dist, 'hermes.cjs'), 'hermes', 'a', ''];
    expect((await execa(node, argv, { env, extendEnv: false, reject: false })).stdout).toBe('a,,');
    const loaded = new Set(readFileSync(log, 'utf8').split('\n').filter(Boolean));
    expect([...loaded].sort()).toEqual(['fs', 'path', 'vm']);
  });

  it('cannot always be: that is said, fails no installation, and leaves no half of it', async () => {
    const { hermes, dist } = await copy();
    const [file = ''] = compiledIn(dist);
    rmSync(join(dist, file));
    mkdirSync(join(dist, file));
    const ended = await execa(process.execPath, [join(dist, 'hermes-precompile.cjs')]);
    expect(ended.stderr).toMatch(
      /^hermes-shim: not compiled beforehand \(EISDIR.*\); every call takes 4 ms longer$/,
    );
    expect(compiledIn(dist)).toEqual([file]);
    expect(readdirSync(dist).filter((name) => name.includes('.compiled.'))).toEqual([]);
    await expectToWork(hermes);
  });

  it('runs once, also where a link leads to it and its cold parts are needed', async () => {
    const { dist } = await copy();
    const link = join(root, 'link');
    symlinkSync(join(dist, '..'), link);
    const home = join(root, 'home');
    mkdirSync(home);
    writeFileSync(
      join(home, '.container-mode'),
      'backend=podman\ncontainer_name=c\nexec_user=u\nhermes_bin=/b\n',
    );
    const env = { PATH: `${nodeDir()}:/nonexistent`, HERMES_HOME: home, HERMES_SHIM_WAIT: '0' };
    const fake = join(root, 'fake');
    mkdirSync(fake);
    writeFileSync(join(fake, 'podman'), '#!/bin/sh\necho no such container >&2\nexit 125\n');
    chmodSync(join(fake, 'podman'), 0o755);
    const path = { ...env, PATH: `${fake}:${env.PATH}` };
    const ended = await execa(join(link, 'bin/hermes'), [], { env: path, extendEnv: false, reject: false });
    expect(ended.exitCode).toBe(125);
    // a second run of it would not know the first one's errors
    expect(ended.stderr).toMatch(/^hermes: container 'c' does not exist \(podman\)\n/);
  });
});

describeModes(
  (mode) => {
    it("another version that is installed under a running call does not cost hermes's exit code", async () => {
      await using container = await managedContainer(mode);
      const { hermes, dist } = await copy();
      const code = mode === 'docker' ? '126' : '1';
      const script = `echo ready; read -r _; exit ${code}`;
      await using running = container.call([hermes, 'sh', '-c', script], { stdin: 'pipe' });
      await running.waitFor('ready');
      for (const file of readdirSync(dist)) rmSync(join(dist, file));
      writeFileSync(join(dist, programFile), 'throw new Error("another version")');
      running.stdin?.end('\n');
      expect(await running.ended).toMatchObject({ exitCode: Number(code), stderr: '' });
    });
  },
  ['docker', 'docker-client'],
);
