import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { must } from '../../scripts/engines/command.ts';
import { removeUser } from '../../scripts/engines/users.ts';
import { call } from '../harness/call.ts';
import { makeOrphan } from '../harness/companion.ts';
import { managedContainer } from '../harness/container.ts';
import { checkOf, complete, doctor, fixOf, follow, type Report, troubles } from '../harness/doctor.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { installShim, nodeDir, shim } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';

describeModes(
  (mode) => {
    it('another hermes before us on PATH', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      const dir = join(container.root, 'other');
      fakeEngine(dir, 'hermes', 'echo other');
      const first = `export PATH=${dir}:"$PATH"`;
      const report = await follow(container, first, options);
      expect([report.ok, troubles(report)]).toEqual([false, ['path failed']]);
      expect(checkOf(report, 'path').says).toBe(`hermes is ${dir}/hermes, which is not this shim`);
      const mended = await follow(container, `${first}\n${fixOf(report, 'path', 'put it first')}`, options);
      expect([mended.ok, troubles(mended)]).toEqual([true, []]);
    });

    it('no hermes on PATH at all', async () => {
      await using container = await managedContainer(mode);
      const { env } = complete(container);
      const bare = { env: { ...env, PATH: `${nodeDir()}:/usr/bin:/bin` } };
      const report = JSON.parse(
        (await container.call([await shim('hermes-shim'), 'doctor', '--json'], bare).ended).stdout,
      ) as Report;
      expect(troubles(report)).toEqual(['path failed']);
      expect(checkOf(report, 'path').says).toBe('there is no hermes on PATH');
      const advice = fixOf(report, 'path', 'put it first');
      const script = `${advice}\nhermes version && ${await shim('hermes-shim')} doctor`;
      expect(await container.call(['/bin/sh', '-c', script], bare).ended).toMatchObject({ exitCode: 0 });
    });

    it('HERMES_DEV left in the environment', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      const first = 'export HERMES_DEV=1';
      const report = await follow(container, first, options);
      expect(troubles(report)).toEqual(['bypass warning']);
      const mended = await follow(container, `${first}\n${fixOf(report, 'bypass', 'leave it out')}`, options);
      expect(troubles(mended)).toEqual([]);
    });

    it('no metadata: enable writes it', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      const options = complete(container);
      const report = await doctor(container, options);
      expect([report.ok, troubles(report)]).toEqual([false, ['metadata failed']]);
      expect(checkOf(report, 'engine').says).toBe(
        'not checked, because without metadata hermes runs on this host',
      );
      const mended = await follow(
        container,
        fixOf(report, 'metadata', 'with a container of your own'),
        options,
      );
      expect([mended.ok, troubles(mended)]).toEqual([true, []]);
    });

    it('metadata that makes no sense: the line is named', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      container.writeMetadata({ backend: 'bash' });
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['metadata failed']);
      expect(checkOf(report, 'metadata').says).toBe(
        `${container.metadataFile}, line 2: backend is 'bash', accepted is "docker" or "podman"`,
      );
    });

    it('a container that was stopped', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      await container.stop();
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['running failed']);
      const [advice = ''] = fixOf(report, 'running', 'start it').split('   ');
      const mended = await follow(container, advice, options);
      expect([mended.ok, troubles(mended)]).toEqual([true, []]);
    });

    it('a container that was paused', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      await container.pause();
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['running failed']);
      const mended = await follow(container, fixOf(report, 'running', 'let it go on'), options);
      expect([mended.ok, troubles(mended)]).toEqual([true, []]);
    });

    it('a container that is not there, or is another one of the same name', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      container.writeMetadata({ container_name: 'nobody' });
      const absent = await doctor(container, options);
      expect(troubles(absent)).toEqual(['container failed']);
      expect(checkOf(absent, 'container').says).toBe("container 'nobody' does not exist (docker)");
      await using other = await managedContainer(mode, { metadata: false });
      container.writeMetadata({ container_name: other.name });
      const foreign = await doctor(container, options);
      expect(troubles(foreign)).toEqual(['same home failed']);
      expect(checkOf(foreign, 'same home').says).toContain('declares the home /data/.hermes, which is');
      const advice = fixOf(foreign, 'same home', 'if it is the one').replace(' hermes …', '');
      const lifted = await follow(container, `export ${advice}`, options);
      expect([lifted.ok, troubles(lifted)]).toEqual([true, []]);
    });

    it('~/.hermes that is missing, or another home', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      const link = join(container.root, 'person/.hermes');
      rmSync(link);
      const missing = await doctor(container, options);
      expect(troubles(missing)).toEqual(['~/.hermes warning']);
      const linked = await follow(container, fixOf(missing, '~/.hermes', 'link it'), options);
      expect(troubles(linked)).toEqual([]);
      rmSync(link);
      mkdirSync(link);
      const another = await doctor(container, options);
      expect(troubles(another)).toEqual(['~/.hermes warning']);
      const aside = await follow(container, fixOf(another, '~/.hermes', 'put it aside'), options);
      expect(troubles(aside)).toEqual([]);
    });

    it('a user that is not the uid the container was made for', async () => {
      await using container = await managedContainer(mode, { env: { HERMES_UID: '977', HERMES_GID: '977' } });
      const options = complete(container);
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['user warning']);
      expect(checkOf(report, 'user').says).toContain(
        "hermes is uid 4242 in there, but the container's HERMES_UID is 977",
      );
    });

    it('a user that is not there, a hermes that cannot be executed', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      container.writeMetadata({ exec_user: 'nobody-here' });
      expect(troubles(await doctor(container, options))).toEqual(['user failed']);
      container.writeMetadata({ exec_user: 'hermes', hermes_bin: '/etc/passwd' });
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['binary failed']);
      expect(checkOf(report, 'answer').says).toBe('not checked, because hermes is not there');
    });

    it('sessions without a caller', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      await using _orphan = await makeOrphan(container, ['trap', 'HUP', '0']);
      const report = await doctor(container, options);
      expect([report.ok, troubles(report)]).toEqual([true, ['sessions warning']]);
      await using shell = await container.shell(fixOf(report, 'sessions', 'end them'), options);
      expect(await shell.ended).toMatchObject({ exitCode: 0 });
      expect(troubles(await doctor(container, options))).toEqual([]);
    });

    it('a hermes that does not answer, no native one, and the engine missing', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      const bin = join(container.packageDir, 'bin/hermes');
      renameSync(bin, `${bin}.real`);
      fakeEngine(join(container.packageDir, 'bin'), 'hermes', 'echo broken >&2; exit 3');
      const native = { env: { ...options.env, HERMES_NATIVE_DIR: undefined } };
      const report = await doctor(container, native);
      expect(troubles(report)).toEqual(['answer failed', 'native warning']);
      expect(checkOf(report, 'answer').says).toBe('hermes --version: exit code 3: broken');
      expect(checkOf(report, 'native').says).toBe(
        'HERMES_DEV=1 would fail: there is no other hermes on this host',
      );
      container.writeMetadata({ backend: 'podman' });
      const dir = join(container.root, 'hung');
      fakeEngine(dir, 'podman', 'echo garbage');
      const nonsense = await follow(container, `export PATH=${dir}:"$PATH"`, options);
      expect(troubles(nonsense)).toEqual(['access failed']);
      expect(checkOf(nonsense, 'access').says).toContain('gave an answer that makes no sense: garbage');
    });

    it('a daemon that is down, a socket that this user may not use', async () => {
      await using container = await managedContainer(mode);
      const { env } = complete(container);
      const down = await doctor(container, { env: { ...env, DOCKER_HOST: 'unix:///nonexistent/sock' } });
      expect(troubles(down)).toEqual(['access failed']);
      expect(fixOf(down, 'access', 'start it')).toBe('sudo systemctl start docker');
      await container.exec(['chmod', '755', '/data', '/data/.hermes'], { user: '0' });
      const { uid, gid, name, home } = engines.sudoUser;
      const stranger = { ...container.caller, uid, gid, name, home };
      const asked = [await shim('hermes-shim'), 'doctor', '--json'];
      const { stdout } = await call(stranger, asked, { env: { ...env, HOME: home, USER: name } }).ended;
      const forbidden = JSON.parse(stdout) as Report;
      expect(checkOf(forbidden, 'access').says).toContain('docker refuses this user');
      expect(fixOf(forbidden, 'access', 'join its group')).toBe(
        `sudo usermod -aG docker ${name}   # equal to root; then log in again`,
      );
    });

    it('a home that this user may not enter', async () => {
      await using container = await managedContainer(mode, { as: 'user' });
      await container.exec(['chmod', '700', '/data'], { user: '0' });
      const report = await doctor(container);
      expect(checkOf(report, 'home').status).toBe('failed');
      expect(fixOf(report, 'home', 'let the user in')).toBe(
        'services.hermes-agent.container.hostUsers = [ "<user>" ]; sudo nixos-rebuild switch',
      );
      expect(checkOf(report, 'metadata').says).toBe('not checked, because the home cannot be used');
      expect(checkOf(report, 'engine').says).toBe('not checked, because the home cannot be used');
    });
  },
  ['docker'],
);

describeModes(
  (mode) => {
    it('sudo under NoNewPrivileges, as in a hardened unit', async () => {
      await using container = await managedContainer(mode);
      const { stdout } = await container.call([
        'setpriv',
        '--no-new-privs',
        await shim('hermes-shim'),
        'doctor',
        '--json',
      ]).ended;
      const report = JSON.parse(stdout) as Report;
      expect(checkOf(report, 'access').says).toContain(
        'this process may gain no privileges (NoNewPrivileges)',
      );
      expect(fixOf(report, 'access', 'in the systemd unit')).toBe('NoNewPrivileges=false   # or: User=root');
    });

    it('sudo without a rule, and a group that waits for the next login, by a user made for it', async ({
      skip,
    }) => {
      skip(!engines.asRoot, 'only root can make users');
      await using container = await managedContainer(mode);
      const name = `hermes-doc-${engines.run}`;
      const rule = '/etc/sudoers.d/hermes-shim';
      const before = readFile(rule);
      await installShim();
      const home = join(container.root, 'somebody');
      mkdirSync(home);
      await must([
        'useradd',
        '--no-create-home',
        '--home-dir',
        home,
        '--gid',
        String(container.caller.gid),
        name,
      ]);
      try {
        const uid = Number(await must(['id', '-u', name]));
        // as a login does it: the user's own group among the groups, and no other yet
        const gid = String(container.caller.gid);
        const login = ['setpriv', '--reuid', String(uid), '--regid', gid, '--groups', gid, '/bin/sh', '-c'];
        const root = { ...container.caller, uid: 0, gid: 0 };
        chownSync(home, uid, container.caller.gid);
        const ask = async (script: string) => {
          const options = { env: { HOME: home, USER: name, LOGNAME: name, XDG_RUNTIME_DIR: undefined } };
          const { stdout } = await call(root, [...login, script], options).ended;
          return JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as Report;
        };
        const report = await ask('hermes-shim doctor --json');
        expect(checkOf(report, 'access')).toMatchObject({
          status: 'failed',
          says: expect.stringContaining('wants a password'),
        });
        expect(fixOf(report, 'access', 'on NixOS')).toBe(
          `security.sudo.extraRules = [{ users = [ "${name}" ]; commands = [{ command = "/usr/bin/podman"; options = [ "NOPASSWD" ]; }]; }];   # then: sudo nixos-rebuild switch`,
        );
        await must(['sh', '-c', fixOf(report, 'access', 'elsewhere')]);
        const mended = await ask('hermes-shim doctor --json');
        expect([mended.ok, checkOf(mended, 'access').says]).toEqual([
          true,
          expect.stringMatching(/sudo -n$/),
        ]);
        const group = engines.callerUser.name;
        await must(['usermod', '-aG', group, name]);
        const waiting = await ask('hermes-shim doctor --json');
        expect(checkOf(waiting, 'groups')).toMatchObject({
          status: 'warning',
          says: `${name} is in ${group}, but not in this session: it was logged in before`,
        });
        const effective = await ask(
          `${fixOf(waiting, 'groups', 'for now')} <<'EOF'\nhermes-shim doctor --json\nEOF`,
        );
        expect(checkOf(effective, 'groups').status).toBe('ok');
      } finally {
        if (before === undefined) rmSync(rule, { force: true });
        else writeFileSync(rule, before);
        // a podman of its own leaves a process behind
        await removeUser(name);
      }
    });
  },
  ['podman-sudo'],
);

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
