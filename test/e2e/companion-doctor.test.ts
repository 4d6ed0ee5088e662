import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { companion, steady } from '../harness/companion.ts';
import { managedContainer } from '../harness/container.ts';
import { checkOf, complete, doctor, fixOf, troubles } from '../harness/doctor.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { describeModes, type EngineMode, transportModes } from '../harness/modes.ts';

/** The row that says how the engine is spoken to, and the advice under it; paths and numbers taken away. */
const transport: Record<EngineMode, readonly string[]> = {
  docker: ['by the API, version V, on SOCKET'],
  'docker-client': [
    "by docker's client: DOCKER_API_VERSION is set, which it follows",
    'faster:  unset DOCKER_API_VERSION',
  ],
  'podman-root': [
    "by podman's client: there is no SOCKET for this user",
    'faster:  systemctl enable --now podman.socket',
  ],
  'podman-sudo': ["by podman's client: sudo runs it as root", 'faster:  sudo sh -c JOIN'],
  'podman-rootless': [
    "by podman's client: there is no SOCKET for this user",
    'faster:  systemctl --user enable --now podman.socket',
  ],
  'podman-socket': ['by the API, version V, on SOCKET'],
};

describeModes((mode) => {
  it('a healthy machine is all well', async () => {
    await using container = await managedContainer(mode);
    const options = complete(container);
    const ended = await companion(container, ['doctor'], options);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const sudo = mode === 'podman-sudo';
    const rootless = mode === 'podman-rootless';
    const text = steady(ended.stdout, container)
      .replace(/by \/\S*\/sudo/, 'by /BIN/sudo')
      .replace(/version 1\.\d+, on \S+/, 'version V, on SOCKET')
      .replace(/there is no \S+ for/, 'there is no SOCKET for')
      .replace(/sudo sh -c '.*' {3}# equal to root; then log in again/, 'sudo sh -c JOIN');
    const [how = '', ...faster] = transport[mode];
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
        'ok      manager    the NixOS module keeps it: configuration.nix, sudo nixos-rebuild switch, systemctl restart hermes-agent',
        'ok      groups     no membership waits for the next login',
        `ok      engine     ${container.engine} is /BIN/${container.engine} (VERSION)`,
        `ok      access     ${sudo ? 'by /BIN/sudo -n' : 'directly'}`,
        `ok      transport  ${how}`,
        ...faster.map((line) => `          ${line}`),
        `ok      container  ${sudo ? 'sudo ' : ''}${container.engine} inspect NAME: running since TIME, id ID`,
        'ok      same home  /data/.hermes in there is HOME here',
        'ok      running    started a while ago',
        'ok      user       hermes is uid 4242 in there',
        'ok      binary     /data/current-package/bin/hermes can be executed by hermes',
        'ok      files      hermes can read and write what lies in /data/.hermes',
        'ok      writing    HERMES_WRITE_SAFE_ROOT is not set: hermes may write wherever its user may',
        'ok      gateways   no other container runs a gateway on this home',
        "ok      network    the container has the host's: OAuth callbacks arrive",
        'ok      answer     hermes --version: Hermes Agent v0.0.0 (probe)',
        'ok      sessions   0 running, 0 detached',
        'ok      native     HERMES_DEV=1 runs ROOT/native/hermes',
        '',
        rootless ? 'All well, 1 to know about.' : 'All well.',
        '',
      ].join('\n'),
    );
  });

  it('a container that does not run: what is behind it is not checked, and the advice starts it', async () => {
    await using container = await managedContainer(mode);
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
    // it has answered all the same
    expect(checkOf(report, 'transport')).toMatchObject({
      status: 'ok',
      says: expect.stringContaining('by '),
    });
  });
}, transportModes);

describeModes(
  (mode) => {
    it('a broken machine, as a person sees it', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      container.writeMetadata({ hermes_bin: '/data/current-package/bin/gone' });
      const { stdout, exitCode } = await companion(container, ['doctor'], {
        env: { ...options.env, HERMES_DEV: '1' },
      });
      expect(exitCode).toBe(1);
      const text = steady(stdout, container).replace(/version 1\.\d+, on \S+/, 'version V, on SOCKET');
      expect(text).toMatchInlineSnapshot(`
        "ok      path       hermes is BED/installed/bin/hermes
        warning bypass     HERMES_DEV=1: every call of this shell runs on this host
                  leave it out:  unset HERMES_DEV
        ok      inside     this is not the inside of the managed container
        ok      pin        none (/etc/hermes-shim/container-mode)
        ok      home       HOME (by HERMES_HOME)
        ok      ~/.hermes  leads to HOME
        ok      metadata   HOME/.container-mode: backend=docker, container_name=NAME, exec_user=hermes, hermes_bin=/data/current-package/bin/gone
        ok      manager    the NixOS module keeps it: configuration.nix, sudo nixos-rebuild switch, systemctl restart hermes-agent
        ok      groups     no membership waits for the next login
        ok      engine     docker is /BIN/docker (VERSION)
        ok      access     directly
        ok      transport  by the API, version V, on SOCKET
        ok      container  docker inspect NAME: running since TIME, id ID
        ok      same home  /data/.hermes in there is HOME here
        ok      running    running since TIME
        ok      user       hermes is there
        failed  binary     container 'NAME' has no /data/current-package/bin/gone
                  look:  docker exec NAME ls -l /data/current-package/bin/gone
                  repair it:  sudo systemctl restart hermes-agent   # makes current-package and its GC root anew
        skipped files      not checked, because hermes is not there
        skipped writing    not checked, because hermes is not there
        skipped gateways   not checked, because hermes is not there
        skipped network    not checked, because hermes is not there
        skipped answer     not checked, because hermes is not there
        skipped sessions   not checked, because hermes is not there
        ok      native     HERMES_DEV=1 runs ROOT/native/hermes

        1 wrong, 1 to know about. Repair the first one first.
        "
      `);
    });

    it('a hermes that answers to only one of --version and version is healthy, one that answers to neither is not', async () => {
      await using container = await managedContainer(mode);
      const options = complete(container);
      const answering = async (cases: string) => {
        fakeEngine(
          join(container.packageDir, 'bin'),
          'picky',
          `case $1 in ${cases} esac; echo "no such command: $1" >&2; exit 2`,
        );
        container.writeMetadata({ hermes_bin: join(container.packageDir, 'bin/picky') });
        return checkOf(await doctor(container, options), 'answer');
      };
      const hostile = "printf 'Hermes \\033[2J\\377\\n'; exit";
      expect(await answering(`--version) ${hostile} ;;`)).toMatchObject({
        status: 'ok',
        says: 'hermes --version: Hermes \x1b[2J\ufffd',
      });
      expect(await answering('version) echo old; exit ;;')).toMatchObject({
        status: 'ok',
        says: 'hermes version: old',
      });
      expect(await answering('')).toMatchObject({
        status: 'failed',
        says: 'hermes --version: exit code 2: no such command: --version',
      });
    });

    it('a hostile HERMES_UID of the container gets into no advice', async () => {
      await using container = await managedContainer(mode, { env: { HERMES_UID: '7; rm -rf ~\x1b[2J' } });
      const user = checkOf(await doctor(container, complete(container)), 'user');
      expect(user.status).toBe('warning');
      expect(user.fixes.map(({ text }) => text).join()).not.toContain('rm -rf');
      const { stdout } = await companion(container, ['doctor'], {});
      expect(stdout).not.toContain('\x1b');
    });

    it('symbols and colour only on a terminal, colour not under NO_COLOR', async () => {
      await using container = await managedContainer(mode);
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
  },
  ['docker'],
);

describeModes(
  (mode) => {
    it('a HOME that this user may not look into is one line, not the end', async () => {
      await using container = await managedContainer(mode);
      const closed = join(container.root, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      chownSync(closed, 4711, 4711);
      const { stdout, stderr } = await companion(container, ['doctor'], { env: { HOME: closed } });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/warning ~\/\.hermes +cannot be looked at \(.*closed\/\.hermes: EACCES\)/);
      expect(stdout).toMatch(/if HOME is not yours: +export HOME=/);
      expect(stdout).toMatch(/ok +container/);
    });
  },
  // root may look into everything
  ['podman-sudo'],
);
