/** Bad input and broken surroundings: each has its own sentence, and hermes is started neither here nor there. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCommand, must } from '../../scripts/engines/command.ts';
import { type Caller, type CallOptions, call, type Running } from '../harness/call.ts';
import { hermesUid, type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { until } from '../harness/host.ts';
import { nodeDir, shim } from '../harness/installed.ts';
import { describeModes, engines, modes } from '../harness/modes.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { readReport } from '../harness/report.ts';
import { callWithView, type View } from '../harness/view.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(engines.dir, 'bad-input-'));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Not to wait for what may pass by itself. */
const now = { HERMES_SHIM_WAIT: '0' };
const inContainer = { exitCode: 0, stdout: 'Hermes Agent v0.0.0 (probe)\n', stderr: '' };
const podman = findCommand('podman') ?? '/usr/bin/podman';
const dockers = ['/usr/bin/docker', '/usr/local/bin/docker', '/run/current-system/sw/bin/docker'];

/** PATH with a directory of stand-ins in front. */
const pathWith = (dir: string, caller: Caller) => `${dir}:${nodeDir()}:${caller.env.PATH}`;

const anyMode = modes.slice(0, 1);

describeModes((mode) => {
  describe('metadata', () => {
    let container: ManagedContainer;
    beforeAll(async () => {
      container = await managedContainer(mode);
    });
    afterAll(() => container[Symbol.asyncDispose]());
    const version = (options: CallOptions = {}) =>
      container.hermes(['version'], { timeoutMs: 10_000, ...options, env: { ...now, ...options.env } });
    const home = (name: string) => {
      const dir = join(scratch, name);
      mkdirSync(dir);
      return [dir, join(dir, '.container-mode')] as const;
    };

    it.each([
      ['a directory', 'mkdir "$0"', 'is a directory'],
      ['a FIFO, for which nobody waits', 'mkfifo "$0"', 'is not a regular file'],
      [
        'a link, even to a good file',
        'ln -s /etc/hostname "$0"',
        'is a symbolic link, which is not followed',
      ],
      ['a link to nothing', 'ln -s /nonexistent "$0"', 'is a symbolic link, which is not followed'],
      ['a device', 'mknod "$0" c 1 5 2>/dev/null || mkfifo "$0"', 'is not a regular file'],
      [
        'larger than anything that was ever meant',
        'head -c 10485760 /dev/zero >"$0"',
        'is larger than 64 KiB',
      ],
      ['binary', 'head -c 60000 /dev/urandom >"$0"; printf "\\0" >>"$0"', 'is not a text file'],
    ])('that is %s is an error', async (what, make, words) => {
      const [dir, file] = home(what.replaceAll(/\W/g, '-'));
      await must(['sh', '-c', make, file]);
      expectRefusal(
        await version({ env: { HERMES_HOME: dir } }),
        125,
        `hermes: ${file} ${words}`,
        `cat -v ${file}`,
      );
    });

    it('that is a link to /dev/stdin leaves the caller’s input alone', async () => {
      const [dir, file] = home('stdin');
      symlinkSync('/dev/stdin', file);
      const running = await container.shell('hermes version; cat', {
        input: 'backend=docker\nmine\n',
        env: { ...now, HERMES_HOME: dir },
      });
      expect(await running.ended).toMatchObject({
        stdout: 'backend=docker\nmine\n',
        stderr: expect.stringContaining('is a symbolic link'),
      });
    });

    it.each([
      ['backend=bash', '"docker" or "podman"'],
      ['backend=/tmp/x', '"docker" or "podman"'],
      ['container_name=--privileged', 'a letter or digit, then'],
      ['container_name=a b', 'a letter or digit, then'],
      ['exec_user=-u0', 'a user or user:group'],
      ['hermes_bin=bin/hermes', 'an absolute path'],
      ['hermes_bin=/data/../../bin/sh', 'an absolute path'],
      ['hermes_bin=/data/\x1b]0;owned\x07\x1b[2J', 'an absolute path'],
      ['exec_user=\x1b[31mhermes', 'a user or user:group'],
      ['container_name=a\rhermes: all is well', 'a letter or digit, then'],
      ['backend=docker\u202e\u0085', '"docker" or "podman"'],
    ])('%j is an error that names file, line, key, value and what is accepted', async (line, accepted) => {
      const [key = ''] = line.split('=');
      container.forgetStarts();
      container.writeMetadata(`# first\n${line}\n`);
      const ended = await version();
      expectRefusal(
        ended,
        125,
        `hermes: ${container.metadataFile}, line 2: ${key} is '`,
        `accepted is ${accepted}`,
      );
      expect(container.starts()).toEqual([]);
      container.writeMetadata({});
    });

    it('in a home whose own name is hostile is an error that can be read, and pasted', async () => {
      const [dir] = home('a\x1b[2J $(touch pasted)\nb');
      mkdirSync(join(dir, '.container-mode'));
      const ended = await version({ env: { HERMES_HOME: dir } });
      expectRefusal(ended, 125, 'a\\x1b[2J $(touch pasted)\\nb', /look:\s+cat -v '.*'/);
    });

    it('with an id’s beginning for a name finds nothing, though the engine would', async () => {
      const prefix = container.id.slice(0, 12);
      container.writeMetadata({ container_name: prefix });
      const ended = await version();
      expectRefusal(ended, 125, `container '${prefix}' does not exist`);
      container.writeMetadata({});
    });

    it('that is being written is read once it is whole', async () => {
      const whole = `backend=${container.engine}\ncontainer_name=${container.name}\n`;
      for (const half of ['', 'backend=do', `backend=${container.engine}\ncontainer_name=herm`]) {
        writeFileSync(container.metadataFile, half);
        const session = await container.session(['version'], {
          env: { ...now, HERMES_SHIM_WAIT: '2', HERMES_SHIM_DEBUG: '1' },
        });
        await until(() => session.stderr().includes(' home: '), { what: 'the shim at the home' });
        writeFileSync(container.metadataFile, whole);
        expect(await session.ended).toMatchObject({ exitCode: 0, stdout: inContainer.stdout });
      }
      container.writeMetadata({});
    });
  });

  it('HERMES_SHIM_WAIT that is no number is an error', async () => {
    await using container = await managedContainer(mode);
    const ended = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: 'soon\x1b[2J' } });
    expectRefusal(ended, 125, "HERMES_SHIM_WAIT is 'soon\\x1b[2J', which is no number of seconds");
  });
}, anyMode);

describeModes(
  (mode) => {
    describe('the container', () => {
      it('that merely mounts the host, but declares no such home, is refused, whatever the metadata says', async () => {
        const mark = join(scratch, `${mode}-mark`);
        for (const [source, env] of [
          ['/', { HERMES_HOME: undefined }],
          ['/var', { HERMES_HOME: '/root/.hermes' }],
          [engines.callerUser.home, { HERMES_HOME: '/host/.hermes' }],
        ] as const) {
          await using container = await managedContainer(mode, {
            env,
            mounts: [{ source, destination: '/host' }],
          });
          container.writeMetadata({ exec_user: 'root', hermes_bin: '/bin/touch' });
          const ended = await container.hermes([`/host${mark}`], { env: now });
          expectRefusal(
            ended,
            125,
            `hermes: container '${container.name}', named by ${container.metadataFile}, declares `,
          );
          expectRefusal(
            await container.hermes([mark], { env: { ...now, HERMES_SHIM_ALLOW_FOREIGN: 'another' } }),
            125,
          );
          // lifted for that name only
          const allowed = { env: { ...now, HERMES_SHIM_ALLOW_FOREIGN: container.name } };
          expect(await container.hermes(['/data/mark'], allowed)).toMatchObject({ exitCode: 0 });
        }
        await expect(must(['ls', mark])).rejects.toThrow();
      });

      it('with hermes missing is 127, not executable 126, young or old', async () => {
        await using container = await managedContainer(mode);
        for (const age of [{}, await ageing(container)]) {
          const run = async (bin: string) => {
            container.writeMetadata({ hermes_bin: bin });
            return container.hermes(['version'], { env: { ...now, ...age } });
          };
          const { name } = container;
          expectRefusal(await run('/data/none'), 127, `hermes: container '${name}' has no /data/none`);
          expectRefusal(
            await run('/etc/passwd'),
            126,
            `/etc/passwd in container '${name}' cannot be executed by hermes`,
          );
          expectRefusal(
            await run('/data/.hermes'),
            126,
            `/data/.hermes in container '${name}' cannot be executed`,
          );
        }
        expect(container.starts()).toEqual([]);
      });

      it('without its user is told as such, young or old, and its numbers are used where it gives some', async () => {
        await using container = await managedContainer(mode, { userAfterMs: 'never' });
        const { name } = container;
        expectRefusal(
          await container.hermes(['version'], { env: now }),
          125,
          `hermes: container '${name}' has no user 'hermes'`,
        );
        const old = await container.hermes(['version'], { env: { ...now, ...(await ageing(container)) } });
        expect(old).toMatchObject({
          exitCode: 125,
          stderr: expect.stringContaining(`hermes: container '${name}' has no user 'hermes'`),
        });
        // the engine's own words come first: an old container is not asked before hermes is started in it
        expect(old.stdout + old.stderr).toContain('unable to find user hermes');
        expect(container.starts()).toEqual([]);
        const env = { HERMES_UID: String(hermesUid), HERMES_GID: '0' };
        await using numbered = await managedContainer(mode, { userAfterMs: 'never', env });
        // that nothing was started is proven by times in the container, which are told in whole seconds
        const readyMs = Date.now();
        await until(() => Date.now() - readyMs > 2000, { what: 'the second after' });
        for (const age of [{}, await ageing(numbered)]) {
          const { stdoutBytes } = await numbered.hermes(['report'], { env: { ...now, ...age } });
          expect(readReport(stdoutBytes)).toMatchObject({ uid: hermesUid, gid: 0 });
        }
        expect(numbered.starts()).toHaveLength(2);
      });
    });
  },
  modes.filter((mode) => mode === 'docker' || mode === 'podman-root'),
);

/**
 * Stand-ins in front of PATH that let a container look as if it had started long ago; all else is the real engine's.
 * With an API version of its own docker's client is asked, not the daemon's socket.
 */
async function ageing(container: ManagedContainer): Promise<Record<string, string>> {
  const { engine } = container;
  const dir = join(scratch, `ageing-${engine}`);
  const real = findCommand(engine);
  const older = `sed 's/"StartedAt": "20../"StartedAt": "201/'`;
  fakeEngine(dir, engine, `case $1 in inspect) ${real} "$@" | ${older} ;; *) exec ${real} "$@" ;; esac`);
  const PATH = pathWith(dir, container.caller);
  if (engine === 'podman') return { PATH };
  return { PATH, DOCKER_API_VERSION: await container.engineCli(['version', '-f', '{{.Server.APIVersion}}']) };
}

describeModes(() => {
  describe('an engine elsewhere', () => {
    let container: ManagedContainer;
    let server: Server;
    let address: string;
    beforeAll(async () => {
      container = await managedContainer('docker');
      // The real daemon, behind a port of this machine.
      const socket = (engines.dockerHost ?? process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').slice(
        7,
      );
      server = createServer({ allowHalfOpen: true }, (client) => {
        const daemon = connect({ path: socket, allowHalfOpen: true });
        for (const [from, to] of [
          [client, daemon],
          [daemon, client],
        ] as const)
          from.on('error', () => to.destroy()).pipe(to);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const bound = server.address();
      address = `tcp://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
    });
    afterAll(async () => {
      server.close();
      await container[Symbol.asyncDispose]();
    });
    const version = (env: Record<string, string | undefined>) =>
      container.hermes(['version'], { env: { ...now, ...env } });

    it('is refused, even if it has the very container, unless it is allowed by name', async () => {
      const ended = await version({ DOCKER_HOST: address });
      expectRefusal(
        ended,
        125,
        `hermes: docker runs elsewhere (${address})`,
        `HERMES_SHIM_ALLOW_FOREIGN=${container.name}`,
      );
      expectRefusal(await version({ DOCKER_HOST: address, HERMES_SHIM_ALLOW_FOREIGN: '1' }), 125);
      expect(container.starts()).toEqual([]);
      const allowed = { DOCKER_HOST: address, HERMES_SHIM_ALLOW_FOREIGN: container.name };
      expect(await version(allowed)).toMatchObject(inContainer);
    });

    it('is known by docker’s context too, by name or as the current one; a local context is not elsewhere', async () => {
      const DOCKER_CONFIG = join(scratch, 'docker-config');
      const env = { DOCKER_CONFIG, DOCKER_HOST: undefined };
      const create = (name: string, host: string) =>
        must(['docker', '--config', DOCKER_CONFIG, 'context', 'create', name, '--docker', `host=${host}`]);
      await create('far', address);
      await create('near', container.caller.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock');
      expectRefusal(
        await version({ ...env, DOCKER_CONTEXT: 'far' }),
        125,
        'docker runs elsewhere (context far',
      );
      expect(await version({ ...env, DOCKER_CONTEXT: 'near' })).toMatchObject(inContainer);
      await must(['docker', '--config', DOCKER_CONFIG, 'context', 'use', 'far']);
      expectRefusal(await version(env), 125, 'docker runs elsewhere (context far');
    });
  });

  it('a daemon that is not there is told as such', async () => {
    await using container = await managedContainer('docker');
    const ended = await container.hermes(['version'], {
      env: { ...now, DOCKER_HOST: 'unix:///nonexistent' },
    });
    expectRefusal(
      ended,
      125,
      'hermes: docker is not reachable (there is no /nonexistent)',
      'systemctl start docker',
    );
  });
}, ['docker']);

describeModes(() => {
  let container: ManagedContainer;
  let hanging: Running;
  beforeAll(async () => {
    container = await managedContainer('podman-root');
    const dir = join(scratch, 'hanging');
    fakeEngine(dir, 'podman', 'echo hello; exec sleep 600');
    const PATH = pathWith(dir, container.caller);
    // It takes 15 s: the last test of these looks at how it ended.
    hanging = await container.session(['version'], { env: { PATH } });
  });
  afterAll(() => container[Symbol.asyncDispose]());
  const withFake = (script: string) => {
    const dir = mkdtempSync(join(scratch, 'fake-'));
    chmodSync(dir, 0o755);
    fakeEngine(dir, 'podman', script);
    return container.hermes(['version'], { env: { ...now, PATH: pathWith(dir, container.caller) } });
  };

  it.each([
    ['prints a page', 'echo "<html>"', 'makes no sense: <html>'],
    ['prints nothing', 'true', 'makes no sense'],
    ['prints JSON of another shape', 'echo \'[{"Id": 5}]\'', 'makes no sense'],
    [
      'prints what a terminal would obey',
      'printf "\\033]0;owned\\007\\033[2J\\302\\233"',
      'makes no sense: \\x1b]0;owned',
    ],
    [
      'fails and prints what a terminal would obey',
      'printf "\\033[2Joh\\r no" >&2; exit 3',
      'makes no sense: \\x1b[2Joh',
    ],
    ['fails without a word', 'exit 3', 'exit code 3 without a word'],
    ['is killed', 'kill -KILL $$', 'makes no sense'],
    ['prints without end', 'head -c 50000000 /dev/zero', 'makes no sense: more than 32 MiB'],
    [
      'complains without end',
      `yes 'line after line' | head -c 50000000 >&2; echo 'oh no' >&2; exit 3`,
      'makes no sense: oh no',
    ],
    [
      'crashes',
      `printf 'fatal error: out of memory\\nrax 0x0\\ngs 0x0\\n' >&2; exit 2`,
      'makes no sense: fatal error: out of memory',
    ],
  ])('an engine that %s is told so, in words that can be read', async (_, script, words) => {
    expectRefusal(await withFake(script), 125, words);
    expect(container.starts()).toEqual([]);
  });

  it('an engine that complains without end and then answers is used all the same', async () => {
    const ended = await withFake(
      `yes 'line after line' | head -c 20000000 >&2; exec ${podman} "$@" 2>/dev/null`,
    );
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'Hermes Agent v0.0.0 (probe)\n' });
    container.forgetStarts();
  });

  it('an engine that is no program is 126', async () => {
    const dir = join(scratch, 'no-program');
    mkdirSync(dir);
    writeFileSync(join(dir, 'podman'), '#!/nonexistent\n', { mode: 0o755 });
    const PATH = pathWith(dir, container.caller);
    expectRefusal(
      await container.hermes([], { env: { ...now, PATH } }),
      126,
      `${dir}/podman cannot be executed (ENOENT)`,
    );
  });

  it('an engine that never answers is given up', async () => {
    expectRefusal(await hanging.ended, 125, 'hermes: podman does not respond (no answer within 15 s)');
  });
}, ['podman-root']);

/** What needs another sudo, another /etc or no engine at all: each in a view of its own, so as root. */
describeModes(
  () => {
    let container: ManagedContainer;
    beforeAll(async () => {
      container = await managedContainer('podman-sudo');
    });
    afterAll(() => container[Symbol.asyncDispose]());
    const viewed = async (view: View, caller = container.caller, env: CallOptions['env'] = {}) =>
      callWithView(caller, view, [await shim(), 'version'], { env: { ...now, ...env } }).ended;
    const stranger = (): Caller => ({ ...container.caller, ...engines.callerUser });
    const rule = (user: string, binary = podman) =>
      `security.sudo.extraRules = [{ users = [ "${user}" ]; commands = [{ command = "${binary}"; options = [ "NOPASSWD" ]; }]; }];`;
    const me = () => container.caller.name;
    const sudoers = (text: string): View => ({
      files: { [`/etc/sudoers.d/${me()}`]: { text, mode: 0o440 } },
    });

    it('sudo that wants a password: the rule to write is printed, for this user and this path', async () => {
      const { name } = engines.callerUser;
      for (const path of [container.stateDir, container.home]) chmodSync(path, 0o755);
      const ended = await call(stranger(), [await shim(), 'version'], { env: now }).ended;
      expectRefusal(ended, 125, 'is reached by sudo podman, but sudo wants a password', rule(name));
      expect(ended.stderr).toContain(
        `echo '${name} ALL=(root) NOPASSWD: ${podman}' | sudo tee /etc/sudoers.d/hermes-shim`,
      );
    });

    it('sudo without the rule', async () => {
      const ended = await viewed(sudoers(`${me()} ALL=(root) NOPASSWD: /bin/true\n`));
      expectRefusal(ended, 125, 'but sudo wants a password', rule(me()));
      const denied = await viewed(sudoers(`Defaults:${me()} !authenticate\n${me()} ALL=(root) /bin/true\n`));
      expectRefusal(denied, 125, 'but sudo does not allow it (Sorry, user', rule(me()));
    });

    it('no sudo and no doas', async () => {
      const ended = await viewed({
        hidden: ['/usr/bin/sudo', '/usr/bin/doas', '/usr/local/bin/sudo', '/usr/local/bin/doas'],
      });
      expectRefusal(ended, 125, "there is neither sudo nor doas to ask root's podman", rule(me()));
    });

    it('doas stands in where there is no sudo, and its refusals are told as well', async () => {
      const hidden = ['/usr/bin/sudo', '/usr/local/bin/sudo'];
      const doas = (text: string): View => ({ hidden, files: { '/etc/doas.conf': { text, mode: 0o400 } } });
      expect(await viewed(doas(`permit nopass ${me()} as root cmd ${podman}\n`))).toMatchObject(inContainer);
      expectRefusal(
        await viewed(doas(`permit ${me()} as root cmd ${podman}\n`)),
        125,
        'but doas wants a password',
        `permit nopass ${me()} as root cmd ${podman}`,
      );
      expectRefusal(await viewed(doas('permit nopass root as root\n')), 125, 'but doas does not allow it');
    });

    it('a process that may gain no privileges, as systemd’s NoNewPrivileges makes it', async () => {
      const argv = ['setpriv', '--no-new-privs', '--', await shim(), 'version'];
      const ended = await container.call(argv, { env: now }).ended;
      expectRefusal(
        ended,
        125,
        'this process may gain no privileges (NoNewPrivileges)',
        'NoNewPrivileges=false',
      );
    });

    it('a sudo that is not setuid, as NixOS has one beside its wrapper', async () => {
      const dir = join(scratch, 'plain-sudo');
      mkdirSync(dir);
      copyFileSync('/usr/bin/sudo', join(dir, 'sudo'));
      chmodSync(join(dir, 'sudo'), 0o755);
      const PATH = pathWith(dir, container.caller);
      expectRefusal(
        await container.hermes(['version'], { env: { ...now, PATH } }),
        125,
        'but sudo is not setuid',
      );
    });

    it('no engine at all, with a PATH that leads through places this user may not enter', async () => {
      const closed = join(scratch, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0o700);
      const env = { PATH: `${closed}:/etc/hostname:${nodeDir()}:${container.caller.env.PATH}` };
      const hidden = [...dockers, podman, '/usr/local/bin/podman'];
      container.writeMetadata(`container_name=${container.name}\n`);
      expectRefusal(
        await viewed({ hidden }, container.caller, env),
        125,
        'neither docker nor podman was found',
      );
      container.writeMetadata({});
      const ended = await viewed({ hidden }, container.caller, env);
      expectRefusal(ended, 125, 'hermes: podman was not found', 'virtualisation.podman.enable = true;');
    });

    it('an engine that cannot be executed', async () => {
      const plain = join(scratch, 'plain');
      writeFileSync(plain, '');
      const last = `mount --bind ${plain} ${podman}`;
      expectRefusal(await viewed({ last }), 126, `hermes: ${podman} cannot be executed (permission denied)`);
    });

    it('metadata, or a home, that this user may not read: the option that lets them in is named', async () => {
      for (const path of [container.metadataFile, container.home, container.stateDir]) {
        const mode = path === container.metadataFile ? 0o600 : 0o700;
        chmodSync(path, mode);
        try {
          // not of the group, as before they logged in again
          const ended = await call({ ...stranger(), gid: 65_534 }, [await shim(), 'version'], { env: now })
            .ended;
          expectRefusal(
            ended,
            125,
            'cannot be read by this user (EACCES)',
            'services.hermes-agent.container.hostUsers',
          );
        } finally {
          chmodSync(path, path === container.metadataFile ? 0o644 : 0o2770);
        }
      }
    });
  },
  engines.asRoot ? ['podman-sudo'] : [],
);

describeModes(
  () => {
    it('a socket that this user may not use: the group to join, and the rule, are named', async () => {
      await using container = await managedContainer('docker', { as: 'user' });
      const { name, uid, gid, home } = engines.sudoUser;
      chmodSync(container.stateDir, 0o755);
      chmodSync(container.home, 0o755);
      const other: Caller = { ...container.caller, name, uid, gid, home };
      const ended = await call(other, [await shim(), 'version'], { env: now }).ended;
      expectRefusal(
        ended,
        125,
        'hermes: docker refuses this user (permission denied at ',
        `sudo usermod -aG docker ${name}`,
        `users = [ "${name}" ]`,
      );
    });
  },
  engines.asRoot ? ['docker'] : [],
);
