import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { fetchRuntime } from '../../scripts/runtimes.ts';
import { managedContainer } from '../harness/container.ts';
import { nodeDir, nodeVersions, packShim } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';
import { faultOf, relativeLinks } from '../unit/documents/links.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const readJson = (file: string) => JSON.parse(readFileSync(join(checkout, file), 'utf8'));

describe('the sources', () => {
  it('every locked package has its address and its checksum, so that Nix can fetch them', () => {
    const lock = readJson('package-lock.json') as { packages: Record<string, Record<string, unknown>> };
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
    expect(packages.length).toBeGreaterThan(0);
    const lacking = packages.filter(([, entry]) => !entry.link && !(entry.resolved && entry.integrity));
    expect(lacking.map(([path]) => path)).toEqual([]);
  });

  it('two builds of the bundle are identical', async () => {
    const dir = mkdtempSync(join(engines.dir, 'builds-'));
    const builds = ['one', 'two'].map((name) => join(dir, name));
    const build = (into: string) =>
      execa('node', ['--import', 'tsx', 'scripts/build.ts', into], { cwd: checkout });
    await Promise.all(builds.map(build));
    const [one, two] = builds.map(hashes);
    const files = Object.keys(one ?? {});
    expect(files).toContain('hermes.cjs');
    expect(files.filter((file) => file.endsWith('.compiled'))).toHaveLength(1);
    expect(one).toEqual(two);
    rmSync(dir, { recursive: true });
  });
});

function hashes(dir: string): Record<string, string> {
  const hash = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(dir, file)))
      .digest('hex');
  return Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((file) => [file, hash(file)]),
  );
}

describe('npm', () => {
  const prefix = join(engines.dir, 'npm-prefix');
  const hermes = join(prefix, 'bin/hermes');
  let tarball = '';

  beforeAll(async () => {
    const dir = mkdtempSync(join(engines.dir, 'packed-'));
    tarball = await packShim(dir);
    // Offline, into a prefix that is empty: whatever was missing could not be had.
    const install = ['install', '--global', '--offline', '--silent', '--prefix', prefix, tarball];
    await execa('npm', install, { cwd: dir });
  });

  it('the package is under 360 KB and depends on nothing at run time', () => {
    expect(statSync(tarball).size).toBeLessThan(360_000);
    const manifest = readJson('package.json');
    for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies'])
      expect(manifest[key], key).toBeUndefined();
    expect(readdirSync(join(prefix, 'lib/node_modules'))).toEqual(['hermes-shim']);
    const notices = readFileSync(join(prefix, 'lib/node_modules/hermes-shim/dist/THIRD-PARTY.txt'), 'utf8');
    for (const name of ['ora', 'which', 'yaml', 'yargs', 'zod'])
      expect(notices, name).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });

  it('the README and what it leads to come along, without a link that leads nowhere', () => {
    const dir = join(prefix, 'lib/node_modules/hermes-shim');
    const seen = ['README.md'];
    for (const document of seen) {
      const links = relativeLinks(readFileSync(join(dir, document), 'utf8'));
      expect(links.map((href) => faultOf(href, join(dir, document))).filter(Boolean)).toEqual([]);
      const targets = links.map((href) => posix.join(dirname(document), href.split('#')[0] ?? ''));
      seen.push(...new Set(targets.filter((path) => path.endsWith('.md') && !seen.includes(path))));
    }
    expect(seen.length).toBeGreaterThan(8);
  });

  it('the manual page is where man looks', async () => {
    const man = (...args: string[]) => execa('man', args, { env: { MANPATH: join(prefix, 'share/man') } });
    const page = join(prefix, 'share/man/man1/hermes-shim.1');
    expect(readFileSync(page, 'utf8')).toMatch(/^\.TH HERMES\\-SHIM 1 /);
    if (findCommand('man') !== null) expect((await man('-w', 'hermes-shim')).stdout).toBe(realpathSync(page));
  });

  it('a node that is too old is named in one sentence', async () => {
    const node = await fetchRuntime('12.22.12');
    const env = { PATH: `${nodeDir(node)}:/usr/bin:/bin` };
    const ended = await execa(hermes, [], { env, extendEnv: false, reject: false });
    expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
    expect(ended.stderr).toMatch(
      /^hermes: node 12\.22\.12 is too old for hermes-shim\n {2}install: {2}Node\.js 20\.17 .*$/,
    );
  });

  describeModes(
    (mode) => {
      it.each(nodeVersions)('installed globally it works on node %s', async (version) => {
        const node = await fetchRuntime(version);
        await using container = await managedContainer(mode);
        const routed = await container.call([hermes, 'report', '-', 'a b', ''], { node }).ended;
        expect(routed).toMatchObject({ exitCode: 0, stderr: '' });
        expect(readReport(routed.stdoutBytes).args).toEqual(['report', '-', 'a b', '']);
        expect(await container.call([hermes, 'exit', '42'], { node }).ended).toMatchObject({
          exitCode: 42,
        });
        const native = join(container.root, 'native');
        mkdirSync(native);
        writeFileSync(join(native, 'hermes-agent'), '#!/bin/sh\nprintf "%s," "$@"\nexit 6\n');
        chmodSync(join(native, 'hermes-agent'), 0o755);
        const here = { HERMES_DEV: '1', HERMES_NATIVE_DIR: native };
        const agent = container.call([join(prefix, 'bin/hermes-agent'), 'x', 'y z'], { node, env: here });
        expect(await agent.ended).toMatchObject({ exitCode: 6, stdout: 'x,y z,', stderr: '' });
        writeFileSync(join(native, 'hermes'), '#!/gone/venv/bin/python3\n', { mode: 0o755 });
        const stale = await container.call([hermes], { node, env: here }).ended;
        expect(stale).toMatchObject({ exitCode: 126, stdout: '' });
        expect(stale.stderr).toMatch(/^hermes: .* could not be run \(ENOENT\)\n/);
        container.writeMetadata({ backend: 'lxc' });
        const failed = await container.call([hermes], { node }).ended;
        expect(failed.exitCode).toBe(125);
        expect(failed.stderr).toMatch(/^hermes: .*line 2: backend is 'lxc'/);
        rmSync(nodeDir(node), { recursive: true });
      });
    },
    ['docker'],
  );
});
