/** What cannot be: a sentence, what to type, and nothing half done. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { forgetRecord, type Kept, kept, makingWays, replaced } from '../harness/kept.ts';
import { describeModes, engines } from '../harness/modes.ts';

/** `up` refuses with this, and has done nothing. */
async function refuses(machine: Kept, says: string | RegExp, hint: string | RegExp) {
  const { exitCode, stdout, stderr } = await machine.shim(['up', '--yes']);
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(hint);
  expect(stderr).not.toMatch(/ at .*\.(ts|cjs):\d+/);
  expect(existsSync(machine.stateDir)).toBe(false);
  const names = await machine.engine(['ps', '-a', '--format', '{{.Names}}']);
  expect(names.split('\n')).not.toContain(machine.name);
}

describeModes((way) => {
  it('a name that another container has is left to it', async () => {
    await using machine = await kept(way);
    machine.declare('');
    await machine.engine(['create', '--name', machine.name, '--network=host', engines.images.dash, 'true']);
    const id = await machine.id();
    for (const command of [['up', '--yes'], ['down'], ['recreate', '--yes'], ['restart']]) {
      const refused = await machine.shim(command);
      expect([command, refused.exitCode]).toEqual([command, 1]);
      expect(refused.stderr).toMatch(/did not make|was not made for/);
    }
    expect(await machine.id()).toBe(id);
    expect(existsSync(machine.stateDir)).toBe(false);
  });
}, makingWays);

describeModes(
  (way) => {
    it('what the file names and is not there, or should not be so, is told before anything is done', async () => {
      await using machine = await kept(way);
      const at = (name: string) => join(machine.root, name);
      writeFileSync(at('open.env'), 'A=1\n');
      chmodSync(at('open.env'), 0o644);
      writeFileSync(at('no.json'), 'nothing');
      mkdirSync(at('no-plugin'));
      mkdirSync(at('python/bin'), { recursive: true });
      writeFileSync(at('python/bin/hermes'), '#!/usr/bin/python3\n', { mode: 0o755 });
      mkdirSync(at('link'));
      symlinkSync('/usr/bin', at('link/bin'));
      mkdirSync(at('theirs'));
      symlinkSync('/etc/shadow', at('theirs/USER.md'));
      chownSync(at('theirs'), 4711, 4711);
      await machine.sh(`mkfifo ${at('pipe')}`);
      const rows: readonly [string, RegExp, RegExp][] = [
        [
          `documents: {USER.md: ${at('theirs/USER.md')}}\n`,
          /documents\.USER\.md: .*can be exchanged by others than root \(at .*theirs\)/,
          /sudo install -D -m 600 /,
        ],
        [`configFile: ${at('pipe')}\n`, /configFile: .*pipe is no regular file/, /ls -l/],
        [`environmentFiles: [${at('none')}]\n`, /environmentFiles: .*none is not there/, /ls -l/],
        [`environmentFiles: [${at('open.env')}]\n`, /can be read by everybody/, /chmod o-rwx/],
        [`authFile: ${at('no.json')}\n`, /is no JSON/, /look:/],
        [`documents: {A.md: ./nothing.md}\n`, /documents\.A\.md: .*nothing\.md is not there/, /ls -l/],
        [`extraPlugins: [${at('no-plugin')}]\n`, /has no plugin\.yaml/, /ls /],
        [`configFile: ${at('none.yaml')}\n`, /configFile: .*is not there/, /ls -l/],
        [
          'container:\n  hostUsers: [nobody-of-that-name]\n',
          /there is no user nobody-of-that-name/,
          /useradd/,
        ],
        ['stateDir2: x\n', /did you mean stateDir\?/, /edit it/],
      ];
      for (const [lines, says, hint] of rows) {
        machine.declare(lines);
        await refuses(machine, says, hint);
      }
      for (const [path, says] of [
        [at('nothing'), /package: .*is not there/],
        [at('no-plugin'), /has no bin\/hermes/],
        [at('python'), /is run by \/usr\/bin\/python3, which the container does not have/],
      ] as const) {
        machine.declare('');
        replaced(machine, /^package: .*$/m, `package: ${path}`);
        await refuses(machine, says, /look|nix build/);
      }
    });

    it('users, homes and directories of others are left to them', async () => {
      await using machine = await kept(way);
      machine.declare('');
      replaced(machine, /^user: .*\ngroup: .*$/m, 'user: nobody-of-that-name\ncreateUser: false');
      await refuses(
        machine,
        /there is no user nobody-of-that-name on this host, and createUser is false/,
        /useradd --system/,
      );
      replaced(machine, /^user: .*\ncreateUser: .*$/m, 'user: root');
      await refuses(machine, /is root, and hermes must not be/, /user: hermes/);
      machine.declare('');
      const other = join(machine.root, 'other');
      mkdirSync(join(other, 'x'), { recursive: true });
      writeFileSync(join(other, 'state.db'), '');
      replaced(machine, /^stateDir: .*$/m, `stateDir: ${other}/x`);
      await refuses(machine, /lies in .*other, which is another hermes's home/, /another place/);
      machine.declare('');
      const theirs = join(machine.root, 'theirs');
      mkdirSync(theirs);
      chownSync(theirs, 4711, 4711);
      replaced(machine, /^stateDir: .*$/m, `stateDir: ${theirs}`);
      await refuses(machine, /belongs to uid 4711/, /chown -R/);
      machine.declare('');
      const inUse = join(machine.root, 'in-use');
      mkdirSync(join(inUse, 'x'), { recursive: true });
      replaced(machine, /^stateDir: /m, `workingDirectory: ${inUse}\nstateDir: `);
      await refuses(machine, /workingDirectory: .*in-use is root's and not empty/, /sudo chown \d+:\d+ /);
      expect(statSync(inUse).uid).toBe(0);
      for (const stateDir of [`${other}/x`, theirs]) forgetRecord(stateDir, machine.caller);
    });

    it('dangers are told and done', async () => {
      await using machine = await kept(way);
      machine.declare('environment: {MY_TOKEN: abc}\ncontainer:\n  extraVolumes: ["/:/host"]\n');
      const { stderr, exitCode } = await machine.shim(['up', '--dry-run']);
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(/line 1: environment\.MY_TOKEN looks like a secret/);
      expect(stderr).toMatch(/lets the container write \/ of this host: hermes in it then equals root/);
      expect(stderr).not.toContain('abc');
    });

    it('a config.yaml that is no YAML is not written over', async () => {
      await using machine = await kept(way);
      machine.declare('settings: {a: 1}\n');
      await machine.up();
      writeFileSync(join(machine.home, 'config.yaml'), 'a: [\n');
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/config\.yaml, line \d, is no valid YAML/),
      });
      expect(readFileSync(join(machine.home, 'config.yaml'), 'utf8')).toBe('a: [\n');
    });

    it('where NixOS manages hermes, up does not', async () => {
      await using machine = await kept(way);
      machine.declare('');
      mkdirSync(machine.home, { recursive: true });
      writeFileSync(
        join(machine.home, '.container-mode'),
        '    # Written by NixOS activation script. Do not edit manually.\n',
      );
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toMatch(/NixOS manages hermes here[\s\S]*sudo nixos-rebuild switch/);
    });

    it('an engine without rights, and none at all', async () => {
      await using machine = await kept(way);
      machine.declare('');
      const docker = findCommand('docker');
      const fake = join(machine.root, 'bin/docker');
      writeFileSync(
        fake,
        "#!/bin/sh\necho 'permission denied while trying to connect to the Docker daemon socket' >&2\nexit 1\n",
        { mode: 0o755 },
      );
      await refuses(machine, /this user may not use docker/, /usermod -aG docker/);
      writeFileSync(
        fake,
        `#!/bin/sh\n[ "$1" = start ] && { echo 'Error: listen tcp 127.0.0.1:8642: bind: address already in use' >&2; exit 1; }\nexec ${docker} "$@"\n`,
        { mode: 0o755 },
      );
      const taken = await machine.shim(['up']);
      expect(taken).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/address already in use[\s\S]*ss -ltnp/),
      });
    });

    it('without a file it says how to get one', async () => {
      await using machine = await kept(way);
      const none = await machine.shim(['up']);
      expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('hermes-shim init') });
    });
  },
  ['docker'],
);
