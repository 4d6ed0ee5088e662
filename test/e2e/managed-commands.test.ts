/** down, restart, status, logs, shell, update, init: what keeps a container that `up` has made. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ownPlace } from '../../src/managed/write/own-place.ts';
import { until } from '../harness/host.ts';
import { kept, makePackage, makingWays } from '../harness/kept.ts';
import { describeModes } from '../harness/modes.ts';

describeModes((way) => {
  it('a container is stopped, looked at, started and entered by its commands', async () => {
    await using machine = await kept(way);
    machine.declare('restart: "no"\n');
    expect(await machine.shim(['down'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('hermes-shim up'),
    });
    await machine.up();
    const up = await machine.shim(['status', '--json']);
    expect(JSON.parse(up.stdout)).toMatchObject({
      kind: 'package',
      container: { name: machine.name, status: 'running', identity: expect.stringMatching(/^[0-9a-f]{64}$/) },
      declared: { steps: [] },
    });
    expect(up.exitCode).toBe(0);
    const { stdout: nothing } = await machine.shim(['up', '--json']);
    expect(JSON.parse(nothing)).toMatchObject({
      done: true,
      identity: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    await using following = await machine.start(['logs', '--follow', '--since', '1h']);
    await following.waitFor('gateway up');
    following.kill('SIGTERM');
    expect((await following.ended).timedOut).toBe(false);
    const { stdout: log } = await machine.shim(['logs']);
    expect(log).toContain('gateway up: gateway run --replace as');
    const shell = await machine.shim(['shell', '--', 'sh', '-c', 'id -un; echo "$HERMES_HOME"; exit 7']);
    expect(shell).toMatchObject({ exitCode: 7, stdout: 'hermes\n/data/.hermes\n', stderr: '' });
    const bytes = 'exec hermes-shim shell --file "$0" -- printf "%s|" a "$(printf "\\377")" é';
    const odd = await machine.sh(bytes.replace('$0', machine.file));
    expect([odd.stdoutBytes, odd.exitCode]).toEqual([Buffer.from('a|\xff|\xc3\xa9|', 'latin1'), 0]);
    expect((await machine.shim(['shell'], { input: 'pwd; echo $0\n' })).exitCode).toBe(0);
    expect(await machine.shim(['down'])).toMatchObject({ exitCode: 0, stderr: '' });
    const down = await machine.shim(['status']);
    expect(down).toMatchObject({ exitCode: 1, stderr: '' });
    expect(down.stdout).toContain('start the container');
    expect(existsSync(join(machine.home, '.container-mode'))).toBe(true);
    // a call says what is wrong, as it does of any container
    const call = await machine.hermes(['version'], { env: { HERMES_SHIM_WAIT: '0' } });
    expect(call).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('is not running') });
    expect(call.stderr).toMatch(/see why: +hermes-shim logs\n +start it: +hermes-shim up/);
    await machine.up();
    const { stdout: checks } = await machine.sh('hermes-shim doctor; true');
    expect(checks).toContain('hermes-shim up keeps it: hermes-shim status, logs, restart, update');
    expect(checks).toMatch(/ok +answer/);
    for (const command of ['enable', 'disable']) {
      const { stderr } = await machine.sh(`hermes-shim ${command}; true`);
      expect(stderr).toMatch(/was written by hermes-shim up|speaks for/);
    }
  });
}, makingWays);

describeModes(
  (way) => {
    it.each(['package', 'official'] as const)(
      'an ordinary user of docker has a container of their own (%s), and everything in it is theirs',
      async (kind) => {
        await using machine = await kept(way, { asUser: true });
        machine.declare('settings: {a: 1}\n', kind);
        await machine.up();
        expect(await machine.hermes(['version'])).toMatchObject({ exitCode: 0, stderr: '' });
        const owners = await machine.sh(`find ${machine.stateDir} ! -user ${machine.caller.uid}`);
        expect(owners).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
        expect(readFileSync(join(machine.home, '.managed'), 'utf8')).toContain('edit hermes-shim.yaml');
        expect((await machine.up()).stdout).toContain('everything is as it should be');
      },
    );

    it('in a terminal a person is asked before anything is lost, and no is no', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      const id = await machine.id();
      machine.declare('container:\n  extraOptions: ["--hostname=other"]\n');
      for (const [answer, code] of [
        ['n\r', 1],
        ['\x03', 1], // Ctrl-C
        ['\x04', 1], // Ctrl-D
        ['y\r', 0],
      ] as const) {
        await using terminal = await machine.terminal('hermes-shim', ['up']);
        await terminal.waitFor('Go on? [y/N]');
        expect(terminal.output()).toContain('apt, pip, npm) is lost; state and home stay');
        terminal.write(answer);
        expect(await terminal.exit).toEqual({ code, signal: null });
        expect(terminal.output().includes('nothing was changed')).toBe(code === 1);
        expect((await machine.id()) === id).toBe(code === 1);
      }
    });

    it('what is begun is finished, also where nobody reads on', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      const id = await machine.id();
      machine.declare('container:\n  extraOptions: ["--hostname=other"]\n');
      const { stdout } = await machine.sh(`hermes-shim up --file ${machine.file} --yes 2>&1 | head -n 1`);
      expect(stdout).toContain('replace the container');
      expect(await machine.id()).not.toBe(id);
      const names = await machine.engine(['ps', '-a', '--format', '{{.Names}}']);
      expect(names.split('\n')).not.toContain(`${machine.name}-before`);
      expect(await machine.hermes(['version'])).toMatchObject({ exitCode: 0, stderr: '' });
    });

    it('who waited for another one goes by what the file says when it is their turn', async () => {
      await using machine = await kept(way);
      machine.declare('environment: {TZ: before}\n');
      await machine.up(['--no-pin']);
      const root = { uid: 0, gid: 0, name: 'root', home: '/root', dataHome: undefined };
      const place = ownPlace(root, undefined, machine.stateDir);
      const locked = async () => {
        const child = spawn('flock', [join(place, 'lock'), 'sh', '-c', 'echo have; cat']);
        await once(child.stdout, 'data');
        return child;
      };
      const holder = await locked();
      const waits = async (args: readonly string[]) => {
        const run = await machine.start(args);
        await until(() => run.stderr().includes('waiting for it'), { ms: 10_000, what: 'that it waits' });
        return run;
      };
      const up = await waits(['up']);
      machine.declare('environment: {TZ: after}\n');
      const made = join(place, 'made.json');
      writeFileSync(made, readFileSync(made, 'utf8').replace('"pin": false', '"pin": true'));
      holder.stdin.end();
      expect(await up.ended).toMatchObject({ exitCode: 0 });
      expect(readFileSync(join(machine.home, '.env'), 'utf8')).toContain('TZ=after');
      expect((await machine.sh('cat /etc/hermes-shim/container-mode')).exitCode).toBe(0);
      // what does not run yet when it begins to wait is stopped, too
      await machine.engine(['stop', '-t', '1', machine.name]);
      const next = await locked();
      const down = await waits(['down']);
      await machine.engine(['start', machine.name]);
      next.stdin.end();
      expect(await down.ended).toMatchObject({ exitCode: 0 });
      const status = ['inspect', '--type', 'container', '--format', '{{.State.Status}}', machine.name];
      expect(await machine.engine(status)).toBe('exited');
    });

    it('update that leads to another package restarts the container, and tells nobody to do it', async () => {
      await using machine = await kept(way);
      const current = join(machine.root, 'store/current');
      makePackage(join(machine.root, 'store/hermes-2'));
      symlinkSync('hermes-1', current);
      machine.declare('');
      writeFileSync(machine.file, readFileSync(machine.file, 'utf8').replace(machine.packageDir, current));
      await machine.up();
      const id = await machine.id();
      rmSync(current);
      symlinkSync('hermes-2', current);
      const { stdout, exitCode } = await machine.shim(['update']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('/current-package to ');
      expect(stdout).not.toContain('hermes-shim restart');
      expect(await machine.id()).toBe(id);
    });

    it('the identity that up tells is that of the container, also where it had to make the user first', async () => {
      await using machine = await kept(way);
      machine.declare('');
      const text = readFileSync(machine.file, 'utf8');
      writeFileSync(
        machine.file,
        text.replace(/^user: .*\ngroup: .*$/m, `user: ${machine.name}\ngroup: ${machine.name}`),
      );
      const { stdout } = await machine.up(['--json']);
      const label = '{{index .Config.Labels "hermes-shim.identity"}}';
      const identity = await machine.engine(['inspect', '--format', label, machine.name]);
      expect(JSON.parse(stdout)).toMatchObject({ identity, done: true });
    });

    it("root's pin is written unless it is not wanted, and that is remembered", async () => {
      await using machine = await kept(way);
      machine.declare('');
      const pinned = async () => (await machine.sh('cat /etc/hermes-shim/container-mode')).exitCode === 0;
      await machine.up(['--no-pin']);
      await machine.up();
      expect(await pinned()).toBe(false);
      expect((await machine.up(['--pin'])).stdout).toContain('pin it in /etc/hermes-shim/container-mode');
      expect(await pinned()).toBe(true);
      // the container takes its metadata away: the pin leads there all the same
      await machine.engine(['exec', '-u', '0', machine.name, 'rm', '/data/.hermes/.container-mode']);
      expect(await machine.hermes(['version'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect((await machine.up()).stdout).toContain('write');
      expect((await machine.up(['--no-pin'])).stdout).toContain('remove its pin');
      expect(await pinned()).toBe(false);
    });

    it('who thought about the question for long is asked again where something else would be lost by then', async () => {
      await using machine = await kept(way);
      const image = `hermes-shim-test:${machine.name}`;
      await machine.engine(['tag', machine.images.package, image]);
      try {
        machine.declare(`container:\n  image: ${image}\n`);
        await machine.up();
        const id = await machine.id();
        machine.declare(
          `documents: {USER.md: me}\ncontainer:\n  image: ${image}\n  extraOptions: ["--hostname=other"]\n`,
        );
        await using terminal = await machine.terminal('hermes-shim', ['up', '--diff']);
        await terminal.waitFor('Go on? [y/N]');
        expect(terminal.output()).toMatch(/\+ me[\s\S]*options or arguments have changed[\s\S]*Go on/);
        await machine.engine(['tag', machine.images.official, image]);
        terminal.write('y\r');
        await terminal.waitFor(/This will [^\n]*means another image now[\s\S]*Go on\? \[y\/N\]/);
        terminal.write('n\r');
        expect(await terminal.exit).toEqual({ code: 1, signal: null });
        expect(await machine.id()).toBe(id);
      } finally {
        await machine.engine(['rm', '-f', machine.name]);
        await machine.engine(['rmi', image]);
      }
    });

    it('a file that only up needs keeps nobody out of the container, and restart fails before it stops anything', async () => {
      await using machine = await kept(way);
      const secrets = join(machine.root, 'secrets.env');
      writeFileSync(secrets, 'A=1\n', { mode: 0o600 });
      machine.declare(`environmentFiles: [${secrets}]\n`);
      await machine.up();
      rmSync(secrets);
      expect(await machine.shim(['shell', '--', 'id', '-un'])).toMatchObject({
        exitCode: 0,
        stdout: 'hermes\n',
        stderr: '',
      });
      expect(await machine.shim(['restart'])).toMatchObject({ exitCode: 0, stderr: '' });
      const told = await machine.shim(['status']);
      expect(told).toMatchObject({ exitCode: 1, stderr: '' });
      expect(told.stdout).toMatch(
        /container .*running[\s\S]*could do nothing: environmentFiles: .* is not there/,
      );
      const away = `${machine.home}.away`;
      renameSync(machine.home, away);
      const failed = await machine.shim(['restart']);
      expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot be reached') });
      renameSync(away, machine.home);
      const status = ['inspect', '--type', 'container', '--format', '{{.State.Status}}', machine.name];
      expect(await machine.engine(status)).toBe('running');
    });

    it('a shell in a terminal is a terminal', async () => {
      await using machine = await kept(way);
      machine.declare('');
      await machine.up();
      await using terminal = await machine.terminal('hermes-shim', ['shell']);
      terminal.write('tty; id -un\r');
      await terminal.waitFor(/\/dev\/pts\/\d+[\s\S]*hermes/);
      terminal.write('exit 3\r');
      expect(await terminal.exit).toEqual({ code: 3, signal: null });
    });

    it('update keeps the old container until the new one is ready, and puts it back where that fails', async () => {
      await using machine = await kept(way);
      machine.declare('', 'official');
      await machine.up();
      const id = await machine.id();
      // what the next image does at its start
      writeFileSync(join(machine.home, 'never-ready'), '');
      const failed = await machine.shim(['recreate', '--yes'], { env: { HERMES_SHIM_WAIT: '2' } });
      expect(failed).toMatchObject({ exitCode: 1 });
      expect(failed.stderr).toContain('the new container did not come up');
      expect(failed.stderr).toContain('the old one');
      rmSync(join(machine.home, 'never-ready'));
      expect(await machine.id()).toBe(id);
      await machine.up();
      expect(await machine.id()).toBe(id);
      expect((await machine.hermes(['version'])).exitCode).toBe(0);
    });

    it('an image that cannot be pulled changes nothing', async () => {
      await using machine = await kept(way);
      machine.declare('container:\n  image: 127.0.0.1:1/nobody/has:this\n', 'official');
      const failed = await machine.shim(['up']);
      expect(failed).toMatchObject({ exitCode: 1 });
      expect(failed.stderr).toMatch(
        /could not pull 127\.0\.0\.1:1\/nobody\/has:this[\s\S]*is there a network: +docker pull/,
      );
      expect(existsSync(join(machine.home, '.container-mode'))).toBe(false);
      machine.declare('', 'official');
      await machine.up();
      const updated = await machine.shim(['update', '--yes']);
      // the stand-in is in no registry
      expect(updated).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('could not pull') });
      expect((await machine.hermes(['version'])).exitCode).toBe(0);
    });

    it('init writes a first file that up can use, and never another one over it', async () => {
      await using machine = await kept(way);
      const first = await machine.shim(['init']);
      expect(first).toMatchObject({ exitCode: 0, stderr: '' });
      const text = readFileSync(machine.file, 'utf8');
      const [, schema = ''] = /\$schema=(\S+)/.exec(text) ?? [];
      expect(JSON.parse(readFileSync(schema, 'utf8'))).toMatchObject({ properties: { stateDir: {} } });
      expect(text).toContain('backend: docker');
      const again = await machine.shim(['init']);
      expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('stays as it is') });
      expect(again.stderr).toContain(`hermes-shim up --file ${machine.file}\n`);
      expect(readFileSync(machine.file, 'utf8')).toBe(text);
      const dry = await machine.shim(['up', '--dry-run']);
      expect(dry).toMatchObject({ exitCode: 0 });
      expect(dry.stdout).toContain('pull docker.io/nousresearch/hermes-agent:latest');
    });

    it('a home that is there already goes on in the container, as it is', async () => {
      await using machine = await kept(way, { asUser: true });
      const own = join(machine.person, '.hermes');
      mkdirSync(join(own, 'memories'), { recursive: true });
      writeFileSync(join(own, 'memories/USER.md'), 'mine');
      for (const path of [own, join(own, 'memories'), join(own, 'memories/USER.md')])
        chownSync(path, machine.caller.uid, machine.caller.gid);
      await machine.shim(['init']);
      const text = readFileSync(machine.file, 'utf8');
      expect(text).toContain(`stateDir: ${machine.person}\n`);
      const ours = `backend: docker\n  name: ${machine.name}\n  image: ${machine.images.official}`;
      writeFileSync(machine.file, text.replace('backend: docker', ours));
      const { stdout } = await machine.up();
      expect(stdout).not.toContain('link');
      expect(readdirSync(machine.person)).toEqual(
        expect.not.arrayContaining([expect.stringMatching(/bak|identity/)]),
      );
      const look = ['exec', machine.name, 'cat', '/opt/data/memories/USER.md'];
      expect(await machine.engine(look)).toBe('mine');
      expect(await machine.hermes(['version'])).toMatchObject({ exitCode: 0, stderr: '' });
      const owners = await machine.sh(`find ${own} ! -user ${machine.caller.uid}`);
      expect(owners).toMatchObject({ exitCode: 0, stdout: '' });
    });

    it('a home that ~/.hermes leads to goes on, or is named before the link is replaced', async () => {
      await using machine = await kept(way, { asUser: true });
      const big = join(machine.person, 'big');
      mkdirSync(join(big, '.hermes/memories'), { recursive: true });
      for (const path of [big, join(big, '.hermes'), join(big, '.hermes/memories')])
        chownSync(path, machine.caller.uid, machine.caller.gid);
      symlinkSync(join(big, '.hermes'), join(machine.person, '.hermes'));
      await machine.shim(['init']);
      const text = readFileSync(machine.file, 'utf8');
      expect(text).toContain(`stateDir: ${big}\n`);
      const ours = `backend: docker\n  name: ${machine.name}\n  image: ${machine.images.official}`;
      writeFileSync(machine.file, text.replace('backend: docker', ours));
      const { stdout } = await machine.shim(['up', '--dry-run']);
      expect(stdout).not.toContain('link');
      machine.declare('', 'official');
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`in place of the link to ${big}/.hermes; what is there stays`),
      });
      expect(refused.stderr).toContain(`to keep that home:  stateDir: ${big} `);
      expect(readlinkSync(join(machine.person, '.hermes'))).toBe(join(big, '.hermes'));
    });

    it('who does not get into the container that was made is told why, and by which command they do', async () => {
      await using machine = await kept(way);
      machine.declare('');
      const other = join(machine.root, 'other/.hermes');
      const up = await machine.shim(['up'], { env: { HERMES_HOME: other } });
      expect(up).toMatchObject({ exitCode: 0, stderr: '' });
      expect(up.stdout).toContain(`HERMES_HOME is ${other}, another home than ${machine.home}`);
      expect(up.stdout).toContain('to get there:  unset HERMES_HOME\n');
      expect(up.stdout).not.toContain('hermes now runs in the container');
      expect((await machine.shim(['recreate', '--yes'])).stdout).toContain(
        'hermes now runs in the container',
      );
    });

    it('a dry run with --diff shows what changes, no secret, and does nothing', async () => {
      await using machine = await kept(way);
      const secrets = join(machine.root, 'secrets.env');
      writeFileSync(secrets, 'OPENROUTER_API_KEY=sk-or-secret\n', { mode: 0o600 });
      const auth = join(machine.root, 'auth.json');
      writeFileSync(auth, '{"token": "auth-secret"}', { mode: 0o600 });
      machine.declare(
        `environmentFiles: [${secrets}]\nauthFile: ${auth}\nsettings: {model: {default: x, api_key: in-the-open}}\n`,
      );
      const { stdout, exitCode } = await machine.shim(['up', '--dry-run', '--diff']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(
        /write .*config\.yaml\n +\+ model:\n +\+ {3}default: x\n +\+ {3}api_key: \*\*\*/,
      );
      expect(stdout).toContain('not shown; it sets: OPENROUTER_API_KEY');
      expect(stdout).not.toMatch(/secret\b|in-the-open/);
      expect(existsSync(machine.stateDir)).toBe(false);
      const { stderr, stdout: done } = await machine.shim(['up', '--diff'], {
        env: { HERMES_SHIM_DEBUG: '1' },
      });
      expect(stderr + done).not.toMatch(/sk-or-secret|auth-secret|in-the-open/);
      expect((statSync(join(machine.home, '.env')).mode & 0o777).toString(8)).toBe('640');
      expect((statSync(join(machine.home, 'auth.json')).mode & 0o777).toString(8)).toBe('600');
      // seeded once: what hermes made of it stays
      writeFileSync(join(machine.home, 'auth.json'), '{"refreshed": 1}');
      await machine.up();
      expect(readFileSync(join(machine.home, 'auth.json'), 'utf8')).toBe('{"refreshed": 1}');
    });

    it('plugins are linked where the container sees them, and a link of one that is gone is removed', async () => {
      await using machine = await kept(way);
      const plugin = join(machine.root, 'store/my-plugin');
      mkdirSync(plugin);
      writeFileSync(join(plugin, 'plugin.yaml'), 'name: my-plugin\n');
      // by a link: the container has what it leads to, and so must the link in the home
      symlinkSync('my-plugin', join(machine.root, 'store/current-plugin'));
      machine.declare(`extraPlugins: [${join(machine.root, 'store/current-plugin')}]\n`);
      await machine.up();
      const look = 'cat "$HERMES_HOME"/plugins/*/plugin.yaml';
      expect(await machine.engine(['exec', '-u', 'hermes', machine.name, 'sh', '-c', look])).toBe(
        'name: my-plugin',
      );
      // what is only called like ours is the container's, and in nobody's way
      const theirs = 'hermes-shim-x;date|sh;';
      const make = ['sh', '-c', 'mkdir "$HERMES_HOME/plugins/$1"', 'sh', theirs];
      await machine.engine(['exec', '-u', 'hermes', machine.name, ...make]);
      machine.declare('');
      await machine.up(['--yes']);
      expect(readdirSync(join(machine.home, 'plugins'))).toEqual([theirs]);
    });

    it('root makes the users, lets others in by a bridge, keeps what they had, and pins it', async () => {
      await using machine = await kept(way);
      // somebody of this machine alone: other tests look into the homes of the bed's users meanwhile
      const guest = { name: `guest-${machine.name}`, home: join(machine.root, 'guest') };
      const theirs = join(guest.home, '.hermes');
      mkdirSync(join(theirs, 'memories'), { recursive: true });
      writeFileSync(join(theirs, 'memories/USER.md'), 'mine');
      chmodSync(dirname(machine.root), 0o755);
      const add = `useradd -M -d ${guest.home} ${guest.name} && chown -R ${guest.name}: ${guest.home}`;
      expect((await machine.sh(add)).exitCode).toBe(0);
      machine.declare(`container:\n  hostUsers: [${guest.name}]\n`);
      const text = readFileSync(machine.file, 'utf8');
      const made = `user: ${machine.name}\ngroup: ${machine.name}`;
      writeFileSync(machine.file, text.replace(/^user: .*\ngroup: .*$/m, made));
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('.hermes.bak.<time>') });
      const { stdout } = await machine.up(['--yes']);
      expect(stdout).toContain(`make the system user ${machine.name}`);
      expect(stdout).toContain(`let ${guest.name} into group ${machine.name}`);
      const ids = await machine.sh(
        `id -u ${machine.name}; id -nG ${guest.name}; cat /etc/hermes-shim/container-mode; stat -c '%u %a' ${machine.stateDir} /etc/hermes-shim/container-mode`,
      );
      const [uid = '', groups = '', ...rest] = ids.stdout.split('\n');
      expect(groups.split(' ')).toContain(machine.name);
      expect(rest.join('\n')).toContain(`hermes_home=${machine.home}`);
      expect(rest.slice(-3)).toEqual([`${uid} 2770`, '0 644', '']);
      const kept_ = readdirSync(guest.home).filter((name) => name.startsWith('.hermes.bak.'));
      expect(kept_).toHaveLength(1);
      expect(readFileSync(join(guest.home, kept_[0] ?? '', 'memories/USER.md'), 'utf8')).toBe('mine');
      rmSync(join(guest.home, kept_[0] ?? ''), { recursive: true });
      expect((await machine.hermes(['version'])).exitCode).toBe(0);
      machine.declare('');
      writeFileSync(machine.file, readFileSync(machine.file, 'utf8').replace(/^user: .*\ngroup: .*$/m, made));
      const left = await machine.up();
      expect(left.stdout).toContain(`remove the link ${theirs}`);
      expect(existsSync(theirs)).toBe(false);
    });
  },
  ['docker'],
);
