import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { attempt, findCommand, must, plainEnv } from '../../scripts/engines/command.ts';
import { isDebian } from '../../scripts/engines/packages.ts';
import { parseMetadata } from '../../src/route/metadata.ts';
import { managedContainer } from '../harness/container.ts';
import { nodeDir } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

beforeAll(async () => {
  if (findCommand('nix-instantiate') !== null || process.getuid?.() !== 0 || !isDebian()) return;
  const proxies = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  const env = { ...plainEnv(), ...(Object.fromEntries(proxies) as Record<string, string>) };
  const install = ['install', '-y', '-q', '--no-install-recommends', 'nix-bin'];
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 300_000 };
  if ((await attempt(['apt-get', ...install], options)).code === 0) return;
  await must(['apt-get', 'update', '-q'], options);
  await must(['apt-get', ...install], options);
});

/** Evaluates one of the files in test/nix with an argument; nothing is built, nothing is written. */
async function evaluate(file: string, argument: unknown): Promise<unknown> {
  const text = JSON.stringify(JSON.stringify(argument)).replaceAll('${', '\\${');
  const expression = `import ${checkout}test/nix/${file} (builtins.fromJSON ${text})`;
  const flags = ['--store', 'dummy://', '--eval', '--strict', '--json', '-E', expression];
  return JSON.parse(await must(['nix-instantiate', ...flags]));
}

const container = (backend: 'docker' | 'podman') => ({ enable: true, container: { enable: true, backend } });
const pinOf = (system: unknown): string =>
  (system as { environment: { etc: Record<string, { text: string }> } }).environment.etc[
    'hermes-shim/container-mode'
  ]?.text ?? '';

describe('the NixOS module', () => {
  it('every file parses', async () => {
    const files = ['flake.nix', ...readdirSync(join(checkout, 'nix')).map((name) => `nix/${name}`)];
    expect(files.length).toBeGreaterThan(3);
    await must(['nix-instantiate', '--parse', ...files.map((file) => join(checkout, file))]);
  });

  it('does nothing unless it is enabled', async () => {
    expect(await evaluate('evaluate.nix', { agent: container('docker') })).toBeNull();
  });

  it('puts the shim before hermes, with the effective package as the native one', async () => {
    const plain = await evaluate('evaluate.nix', { settings: { enable: true }, agent: container('docker') });
    const first = { first: true, name: 'hermes-shim with {"nativePackage":"hermes-agent"}' };
    expect(plain).toMatchObject({ assertions: [], warnings: [], environment: { systemPackages: [first] } });
    const agent = { ...container('docker'), extraDependencyGroups: ['voice'] };
    const extended = await evaluate('evaluate.nix', { settings: { enable: true }, agent });
    expect(JSON.stringify(extended)).toMatch(/hermes-agent with .*voice/);
    const none = { enable: true, nativePackage: null };
    expect(await evaluate('evaluate.nix', { settings: none, agent })).toMatchObject({
      environment: { systemPackages: [{ first: true, name: 'hermes-shim' }] },
    });
  });

  it('pins the container where the shim accepts it', async () => {
    const agent = { ...container('podman'), stateDir: '/srv/bot/', user: 'bot' };
    const system = await evaluate('evaluate.nix', { settings: { enable: true }, agent });
    expect(parseMetadata(pinOf(system), '/etc/hermes-shim/container-mode', 'pin')).toEqual({
      backend: 'podman',
      containerName: 'hermes-agent',
      execUser: 'bot',
      hermesBin: '/data/current-package/bin/hermes',
      hermesHome: '/srv/bot/.hermes',
    });
  });

  it('writes no pin without container mode, and says that there is nothing to route', async () => {
    const system = await evaluate('evaluate.nix', { settings: { enable: true }, agent: { enable: true } });
    expect(system).toMatchObject({ assertions: [], warnings: [expect.stringMatching(/nothing to route/)] });
    expect(system).not.toHaveProperty('environment.etc');
  });

  it('users reach docker and podman by the group of its socket, and get no rule of sudo', async () => {
    const settings = { enable: true, users: ['alice', 'bob'] };
    for (const backend of ['docker', 'podman'] as const) {
      const system = await evaluate('evaluate.nix', { settings, agent: container(backend) });
      expect(system).toMatchObject({
        users: { users: { alice: { extraGroups: [backend] }, bob: { extraGroups: [backend] } } },
        warnings: [],
      });
      expect(system).not.toHaveProperty('security');
    }
    const nobody = await evaluate('evaluate.nix', { settings: { enable: true }, agent: container('podman') });
    expect(nobody).toMatchObject({ virtualisation: { podman: { enable: true } } });
    expect(nobody).not.toHaveProperty('users.users.alice');
  });

  it('no user joins a group without container mode', async () => {
    const settings = { enable: true, users: ['alice'] };
    const system = await evaluate('evaluate.nix', { settings, agent: { enable: true } });
    expect(system).not.toHaveProperty('users');
  });

  it('refuses a system without hermes-agent, and the shim as the package that the container runs', async () => {
    const settings = { enable: true };
    const absent = await evaluate('evaluate.nix', { settings });
    expect(absent).toMatchObject({ assertions: [expect.stringMatching(/does not have/)] });
    const agent = { ...container('docker'), package: 'hermes-shim' };
    const loop = await evaluate('evaluate.nix', { settings, agent });
    expect(loop).toMatchObject({ assertions: [expect.stringMatching(/would call itself/)] });
  });

  it('warns where users could not reach podman, and goes on', async () => {
    const settings = { enable: true, users: ['alice'] };
    const system = { settings, agent: container('podman'), podman: false };
    expect(await evaluate('evaluate.nix', system)).toMatchObject({
      assertions: [],
      warnings: [expect.stringMatching(/podman.enable is false/)],
    });
    const nobody = { ...system, settings: { enable: true } };
    expect(await evaluate('evaluate.nix', nobody)).toMatchObject({ warnings: [] });
  });
});

describe('the Nix package', () => {
  /** Runs the phase that installs, as Nix would: in the built sources, with $out. */
  async function install(native: string | null): Promise<string> {
    const prefix = dirname(nodeDir());
    const arguments_ = { shell: '/bin/sh', nodeDir: join(prefix, 'nix-node'), native };
    const { installPhase } = (await evaluate('package.nix', arguments_)) as { installPhase: string };
    mkdirSync(join(prefix, 'nix-node'), { recursive: true });
    try {
      symlinkSync(nodeDir(), join(prefix, 'nix-node/bin'));
    } catch {
      // There since the test before.
    }
    const out = join(engines.dir, `nix-out-${native === null ? 'plain' : 'native'}`);
    const script = `set -eu\nrunHook() { :; }\n${installPhase}`;
    await execa('/bin/sh', ['-c', script], { cwd: checkout, env: { out } });
    return out;
  }

  it('takes what it is built from out of the sources, by the lock', async () => {
    const facts = await evaluate('package.nix', { shell: '/bin/sh', nodeDir: '/usr' });
    expect(facts).toMatchObject({ pname: 'hermes-shim', npmDeps: `deps of ${checkout.slice(0, -1)}` });
  });

  it('needs no other file of the checkout to be built, manual pages and all', async () => {
    const facts = await evaluate('package.nix', { shell: '/bin/sh', nodeDir: '/usr' });
    const dir = mkdtempSync(join(engines.dir, 'nix-sources-'));
    for (const source of (facts as { src: string[] }).src)
      cpSync(source, join(dir, relative(checkout, source)), { recursive: true });
    symlinkSync(join(checkout, 'node_modules'), join(dir, 'node_modules'));
    await execa('npm', ['run', '--silent', 'build'], { cwd: dir });
    // a part's name has a hash of where its modules lie
    const built = (at: string) =>
      readdirSync(join(at, 'dist'))
        .filter((name) => !name.endsWith('.compiled'))
        .map((name) => name.replace(/-[\w-]{8}\.cjs$/, '.cjs'));
    expect(built(dir)).toEqual(built(checkout));
  });

  describeModes(
    (mode) => {
      it('its launcher finds node by itself, routes under every name, and has a native hermes', async () => {
        await using managed = await managedContainer(mode);
        const native = join(managed.root, 'hermes-package');
        mkdirSync(join(native, 'bin'), { recursive: true });
        writeFileSync(join(native, 'bin/hermes'), '#!/bin/sh\nexit 31\n', { mode: 0o755 });
        const out = await install(native);
        // As a system profile links it: a link to a link.
        const profile = join(managed.root, 'profile');
        mkdirSync(profile);
        for (const name of ['hermes', 'hermes-agent', 'hermes-acp']) {
          expect(lstatSync(join(out, 'bin', name)).isSymbolicLink()).toBe(true);
          symlinkSync(join(out, 'bin', name), join(profile, name));
        }
        expect(readdirSync(join(out, 'share/man/man1'))).toEqual(['hermes-shim.1']);
        const installed = readdirSync(join(out, 'lib/hermes-shim/dist'));
        expect(installed.filter((file) => file.endsWith('.compiled'))).toHaveLength(1);
        const env = { PATH: '/nonexistent' };
        const routed = await managed.call([join(profile, 'hermes'), 'exit', '12'], { env }).ended;
        expect(routed).toMatchObject({ exitCode: 12, stderr: '' });
        await managed.call([join(profile, 'hermes-agent'), 'version'], { env }).ended;
        await managed.call([join(profile, 'hermes-acp')], { env, input: '' }).ended;
        expect(managed.starts().map((line) => line.split(' ').slice(1).join(' '))).toEqual([
          'hermes exit',
          'hermes-agent version',
          'hermes acp',
        ]);
        const here = { ...env, HERMES_DEV: '1' };
        expect(await managed.call([join(profile, 'hermes')], { env: here }).ended).toMatchObject({
          exitCode: 31,
        });
        const plain = await install(null);
        const without = await managed.call([join(plain, 'bin/hermes')], { env: here }).ended;
        expect(without).toMatchObject({ exitCode: 127 });
      });
    },
    ['docker'],
  );
});
