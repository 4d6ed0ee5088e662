import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { must } from '../../scripts/engines/command.ts';
import { removeUser } from '../../scripts/engines/users.ts';
import { call } from '../bed/call.ts';
import { companion, companionJson, makeOrphan, steady } from '../bed/companion.ts';
import { managedContainer } from '../bed/container.ts';
import { fakeEngine } from '../bed/fakes.ts';
import { installShim } from '../bed/installed.ts';
import type { HermesOptions, ManagedContainer } from '../bed/managed-container.ts';
import { describeWays, engines } from '../bed/ways.ts';

type Check = { check: string; status: string; says: string; fixes: { label: string; text: string }[] };
type Report = { ok: boolean; checks: Check[] };

const doctor = (container: ManagedContainer, options: HermesOptions = {}) =>
  companionJson<Report>(container, ['doctor'], options);

/** What is not as it should be: check and status. */
const troubles = ({ checks }: Report) =>
  checks
    .filter(({ status }) => status === 'failed' || status === 'warning')
    .map(({ check, status }) => `${check} ${status}`);

const checkOf = ({ checks }: Report, name: string): Check => {
  const found = checks.find(({ check }) => check === name);
  if (found === undefined) throw new Error(`no check called ${name}`);
  return found;
};

const fixOf = (report: Report, check: string, label: string): string =>
  checkOf(report, check).fixes.find((fix) => fix.label === label)?.text ?? `# no advice called ${label}`;

/** A machine where nothing is to be desired: the link of the setup guide, a native hermes beside. */
function complete(container: ManagedContainer): HermesOptions {
  const person = join(container.root, 'person');
  const native = join(container.root, 'native');
  mkdirSync(person);
  symlinkSync(container.home, join(person, '.hermes'));
  fakeEngine(native, 'hermes', 'echo native');
  // a rootless podman keeps its containers in its user's HOME
  const home = container.way === 'podman-rootless' ? {} : { HOME: person };
  return { env: { ...home, HERMES_NATIVE_DIR: native } };
}

/** Follows printed advice to the letter, in the caller's shell, and looks again in that very shell. */
async function follow(
  container: ManagedContainer,
  advice: string,
  options: HermesOptions = {},
): Promise<Report> {
  await using shell = await container.shell(`${advice}\nhermes-shim doctor --json`, options);
  const { stdout, stderr } = await shell.ended;
  const json = stdout.slice(Math.max(0, stdout.indexOf('{\n')));
  try {
    return JSON.parse(json) as Report;
  } catch {
    throw new Error(`following '${advice}' led nowhere: ${stdout}${stderr}`);
  }
}

describeWays((way) => {
  it('a healthy machine is all well', async () => {
    await using container = await managedContainer(way);
    const options = complete(container);
    const ended = await companion(container, ['doctor'], options);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const sudo = way === 'podman-sudo';
    const rootless = way === 'podman-rootless';
    const text = steady(ended.stdout, container).replace(/by \/\S*\/sudo/, 'by /BIN/sudo');
    expect(text).toBe(
      [
        'ok      path       hermes is BED/installed/bin/hermes',
        'ok      bypass     HERMES_DEV is not 1',
        'ok      inside     this is not the inside of the managed container',
        'ok      pin        none (/etc/hermes-shim/container-mode)',
        'ok      home       HOME (by HERMES_HOME)',
        ...(rootless
          ? [
              'warning ~/.hermes  not there: where HERMES_HOME does not reach (sudo, cron, units) hermes finds no home',
              '          link it:  ln -s HOME ~/.hermes',
            ]
          : ['ok      ~/.hermes  leads to HOME']),
        `ok      metadata   HOME/.container-mode: backend=${container.engine}, container_name=NAME, exec_user=hermes, hermes_bin=/data/current-package/bin/hermes`,
        'ok      groups     no membership waits for the next login',
        `ok      engine     ${container.engine} is /BIN/${container.engine} (VERSION)`,
        `ok      access     ${sudo ? 'by /BIN/sudo -n' : 'directly'}`,
        `ok      container  ${sudo ? 'sudo ' : ''}${container.engine} inspect NAME: running since TIME, id ID`,
        'ok      same home  /data/.hermes in there is HOME here',
        'ok      running    started a while ago',
        'ok      user       hermes is uid 4242 in there',
        'ok      binary     /data/current-package/bin/hermes can be executed by hermes',
        'ok      answer     hermes version: Hermes Agent v0.0.0 (probe)',
        'ok      sessions   0 running, 0 detached',
        'ok      native     HERMES_DEV=1 runs ROOT/native/hermes',
        '',
        rootless ? 'All well, 1 to know about.' : 'All well.',
        '',
      ].join('\n'),
    );
  });

  it('a container that does not run: what is behind it is not checked, and the advice starts it', async () => {
    await using container = await managedContainer(way);
    const options = complete(container);
    await container.stop();
    const report = await doctor(container, options);
    expect(report.ok).toBe(false);
    expect(troubles(report)).toContain('running failed');
    expect(checkOf(report, 'user')).toMatchObject({
      status: 'skipped',
      says: 'not checked, because the container does not run',
    });
    expect(checkOf(report, 'same home').status).toBe('ok');
    expect(fixOf(report, 'running', 'start it')).toContain(`${container.engine} start ${container.name}`);
  });
});

describeWays(
  (way) => {
    it('a broken machine, as a person sees it', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      container.writeMetadata({ hermes_bin: '/data/current-package/bin/gone' });
      const { stdout, exitCode } = await companion(container, ['doctor'], {
        env: { ...options.env, HERMES_DEV: '1' },
      });
      expect(exitCode).toBe(1);
      expect(steady(stdout, container)).toMatchInlineSnapshot(`
        "ok      path       hermes is BED/installed/bin/hermes
        warning bypass     HERMES_DEV=1: every call of this shell runs on this host
                  leave it out:  unset HERMES_DEV
        ok      inside     this is not the inside of the managed container
        ok      pin        none (/etc/hermes-shim/container-mode)
        ok      home       HOME (by HERMES_HOME)
        ok      ~/.hermes  leads to HOME
        ok      metadata   HOME/.container-mode: backend=docker, container_name=NAME, exec_user=hermes, hermes_bin=/data/current-package/bin/gone
        ok      groups     no membership waits for the next login
        ok      engine     docker is /BIN/docker (VERSION)
        ok      access     directly
        ok      container  docker inspect NAME: running since TIME, id ID
        ok      same home  /data/.hermes in there is HOME here
        ok      running    running since TIME
        ok      user       hermes is there
        failed  binary     container 'NAME' has no /data/current-package/bin/gone
                  look:  docker exec NAME ls -l /data/current-package/bin/gone
                  repair the link (on NixOS):  sudo systemctl restart hermes-agent
        skipped answer     not checked, because hermes is not there
        skipped sessions   not checked, because hermes is not there
        ok      native     HERMES_DEV=1 runs ROOT/native/hermes

        1 wrong, 1 to know about. The first one that failed comes first.
        "
      `);
    });

    it('symbols and colour only on a terminal, colour not under NO_COLOR', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      const shown = async (env: Record<string, string>) => {
        await using terminal = await container.terminal(['doctor'], {
          name: 'hermes-shim',
          env: { ...options.env, ...env },
        });
        await terminal.exit;
        return terminal.output();
      };
      expect(await shown({})).toContain('\x1b[32m✓\x1b[0m');
      const plain = await shown({ NO_COLOR: '1' });
      expect(plain).toContain('✓ path');
      expect(plain).not.toContain('\x1b[');
    });

    it('another hermes before us on PATH', async () => {
      await using container = await managedContainer(way);
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

    it('HERMES_DEV left in the environment', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      const first = 'export HERMES_DEV=1';
      const report = await follow(container, first, options);
      expect(troubles(report)).toEqual(['bypass warning']);
      const mended = await follow(container, `${first}\n${fixOf(report, 'bypass', 'leave it out')}`, options);
      expect(troubles(mended)).toEqual([]);
    });

    it('no metadata: enable writes it', async () => {
      await using container = await managedContainer(way, { metadata: false });
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
      await using container = await managedContainer(way);
      const options = complete(container);
      container.writeMetadata({ backend: 'bash' });
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['metadata failed']);
      expect(checkOf(report, 'metadata').says).toBe(
        `${container.metadataFile}, line 2: backend is 'bash', accepted is "docker" or "podman"`,
      );
    });

    it('a container that was paused', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      await container.pause();
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['running failed']);
      const mended = await follow(container, fixOf(report, 'running', 'let it go on'), options);
      expect([mended.ok, troubles(mended)]).toEqual([true, []]);
    });

    it('a container that is not there, or is another one of the same name', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      container.writeMetadata({ container_name: 'nobody' });
      const absent = await doctor(container, options);
      expect(troubles(absent)).toEqual(['container failed']);
      expect(checkOf(absent, 'container').says).toBe("container 'nobody' does not exist (docker)");
      await using other = await managedContainer(way, { metadata: false });
      container.writeMetadata({ container_name: other.name });
      const foreign = await doctor(container, options);
      expect(troubles(foreign)).toEqual(['same home failed']);
      expect(checkOf(foreign, 'same home').says).toContain('declares the home /data/.hermes, which is');
      const advice = fixOf(foreign, 'same home', 'if it is the one').replace(' hermes …', '');
      const lifted = await follow(container, `export ${advice}`, options);
      expect([lifted.ok, troubles(lifted)]).toEqual([true, []]);
    });

    it('~/.hermes that is missing, or another home', async () => {
      await using container = await managedContainer(way);
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
      await using container = await managedContainer(way, { env: { HERMES_UID: '977', HERMES_GID: '977' } });
      const options = complete(container);
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['user warning']);
      expect(checkOf(report, 'user').says).toContain(
        "hermes is uid 4242 in there, but the container's HERMES_UID is 977",
      );
    });

    it('a user that is not there, a hermes that cannot be executed', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      container.writeMetadata({ exec_user: 'nobody-here' });
      expect(troubles(await doctor(container, options))).toEqual(['user failed']);
      container.writeMetadata({ exec_user: 'hermes', hermes_bin: '/etc/passwd' });
      const report = await doctor(container, options);
      expect(troubles(report)).toEqual(['binary failed']);
      expect(checkOf(report, 'answer').says).toBe('not checked, because hermes is not there');
    });

    it('sessions without a caller', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      await using _orphan = await makeOrphan(container, ['trap', 'HUP', '0']);
      const report = await doctor(container, options);
      expect([report.ok, troubles(report)]).toEqual([true, ['sessions warning']]);
      await using shell = await container.shell(fixOf(report, 'sessions', 'end them'), options);
      expect(await shell.ended).toMatchObject({ exitCode: 0 });
      expect(troubles(await doctor(container, options))).toEqual([]);
    });

    it('a hermes that does not answer, no native one, and the engine missing', async () => {
      await using container = await managedContainer(way);
      const options = complete(container);
      const bin = join(container.packageDir, 'bin/hermes');
      renameSync(bin, `${bin}.real`);
      fakeEngine(join(container.packageDir, 'bin'), 'hermes', 'echo broken >&2; exit 3');
      const native = { env: { ...options.env, HERMES_NATIVE_DIR: undefined } };
      const report = await doctor(container, native);
      expect(troubles(report)).toEqual(['answer failed', 'native warning']);
      expect(checkOf(report, 'answer').says).toBe('hermes version: exit code 3: broken');
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

    it('a home that this user may not enter', async () => {
      await using container = await managedContainer(way, { as: 'user' });
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

describeWays(
  (way) => {
    it('sudo without a rule, and a group that waits for the next login, by a user made for it', async ({
      skip,
    }) => {
      skip(!engines.asRoot, 'only root can make users');
      await using container = await managedContainer(way);
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
          `security.sudo.extraRules = [{ users = [ "${name}" ]; commands = [{ command = "/usr/bin/podman"; options = [ "NOPASSWD" ]; }]; }];`,
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
