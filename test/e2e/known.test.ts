/**
 * Known containers: where an engine is reached by its client, what was found out about a container is remembered, so that the
 * next call is one command instead of two; and whatever has changed, the call goes as if nothing were remembered.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Ended, Running } from '../harness/call.ts';
import { companion } from '../harness/companion.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { shim } from '../harness/installed.ts';
import { knownDirectory, knownFiles } from '../harness/known.ts';
import { leftovers } from '../harness/leftovers.ts';
import { describeModes, distinctClientModes, engines, inTurns } from '../harness/modes.ts';
import { openProxy } from '../harness/proxy.ts';
import { callWithView } from '../harness/view.ts';
import { telling } from '../harness/waiting.ts';

const impatient = { HERMES_SHIM_WAIT: '0' };

/** A call that tells what it did; the exit code says which hermes it was. */
async function told(container: ManagedContainer, code: string, env: Record<string, string> = {}) {
  const ended = await container.hermes(['exit', code], { env: { ...telling, ...env }, timeoutMs: 60_000 });
  return { exitCode: ended.exitCode, stderr: ended.stderr, looked: / inspect /.test(ended.stderr) };
}

const ended = async (running: Promise<Running>): Promise<Ended> => (await running).ended;

/** A first call, after which the container is known. */
async function known(container: ManagedContainer): Promise<string> {
  expect(await container.hermes(['exit', '3'])).toMatchObject({ exitCode: 3, stderr: '' });
  const [file = ''] = knownFiles(container);
  expect(knownFiles(container)).toHaveLength(1);
  container.forgetStarts();
  return file;
}

/** A call of which the user sees nothing but hermes. */
async function silent(container: ManagedContainer, code: string): Promise<void> {
  const ended = await container.hermes(['exit', code], { timeoutMs: 60_000 });
  expect(ended).toMatchObject({ exitCode: Number(code), stdout: '', stderr: '' });
  expect(container.starts()).toHaveLength(1);
  container.forgetStarts();
}

describeModes((mode) => {
  it('the second call asks nothing before it enters', async () => {
    await using container = await managedContainer(mode);
    expect(await told(container, '3')).toMatchObject({ exitCode: 3, looked: true });
    expect(await told(container, '4')).toMatchObject({ exitCode: 4, looked: false });
    const [file = ''] = knownFiles(container);
    const [place, entry] = [statSync(knownDirectory(container.caller)), statSync(file)];
    expect([place.mode & 0o777, place.uid]).toEqual([0o700, container.caller.uid]);
    expect([entry.mode & 0o777, entry.uid]).toEqual([0o600, container.caller.uid]);
    // nothing of it is a secret: no variable but those that are used
    expect(readFileSync(file, 'utf8')).not.toContain('PATH');
  });

  it('bytes on both outputs, their order where they are one, a directory and the input are as in the first call', async () => {
    await using container = await managedContainer(mode);
    const options = { cwd: container.workspace, input: 'some input\n' };
    const before = await container.hermes(['cat'], options);
    await known(container);
    const after = await container.hermes(['cat'], options);
    expect([after.exitCode, after.stdout, after.stderr]).toEqual([
      before.exitCode,
      before.stdout,
      before.stderr,
    ]);
  });

  it('a container that is gone, and one of its name in its place: hermes starts there, once, and nothing else is seen', async () => {
    await using container = await managedContainer(mode);
    const file = await known(container);
    const before = container.id;
    await container.remove();
    await container.create();
    await container.start();
    await silent(container, '4');
    expect(readFileSync(file, 'utf8')).toContain(container.id);
    expect(readFileSync(file, 'utf8')).not.toContain(before);
    expect(await told(container, '5')).toMatchObject({ exitCode: 5, looked: false });
  });

  it('input that is piped to a container that is gone arrives in the one in its place, to the last byte', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    await container.remove();
    await container.create();
    await container.start();
    const input = randomBytes(300_000).toString('base64');
    const ended = await container.hermes(['cat'], { input, timeoutMs: 60_000 });
    expect([ended.exitCode, ended.stdout === input, ended.stderr]).toEqual([0, true, '']);
    expect(container.starts()).toHaveLength(1);
  });

  it('input of every kind goes in with the one command', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    const text = randomBytes(3_000_000).toString('base64');
    const file = join(container.root, 'input');
    writeFileSync(file, text, { mode: 0o644 });
    const calls = {
      'a socket': container.hermes(['cat'], { env: telling, input: text, timeoutMs: 60_000 }),
      'a pipe': ended(container.shell(`cat ${file} | hermes cat`, { env: telling })),
      'a file': ended(container.shell(`hermes cat <${file}`, { env: telling })),
      'the rest of a file': ended(
        container.shell(`{ dd bs=5 count=1 2>/dev/null; hermes cat; } <${file}`, { env: telling }),
      ),
      'an empty pipe': ended(container.shell(': | hermes cat', { env: telling })),
    };
    for (const [kind, call] of Object.entries(calls)) {
      const { stdout, stderr, exitCode } = await call;
      expect([kind, exitCode, stdout === (kind === 'an empty pipe' ? '' : text)]).toEqual([kind, 0, true]);
      expect([kind, stderr.includes(' inspect ')]).toEqual([kind, false]);
    }
    expect(container.starts()).toHaveLength(5);
  });

  it('a conversation by lines is answered line by line, and a hermes that reads nothing ends', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    await using talk = container.call([await shim('hermes'), 'acp'], { stdin: 'pipe' });
    for (const line of ['"one"', '"two"']) {
      talk.stdin?.write(`${line}\n`);
      await talk.waitFor(`{"echo":${line}}`);
    }
    talk.stdin?.end();
    expect(await talk.ended).toMatchObject({ exitCode: 0, stderr: '' });
    const unread = await ended(container.shell('yes | hermes exit 3'));
    expect([unread.exitCode, unread.stderr]).toEqual([3, '']);
    await container.untilNoGuests(30_000);
  });

  it('a container that is gone, stopped or paused is told as if nothing were remembered, and forgotten', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    // a rootless one cannot be paused under cgroups v1
    if (mode !== 'podman-rootless') {
      await container.pause();
      const paused = await container.hermes(['version'], { env: impatient });
      await container.unpause();
      expect([paused.exitCode, paused.stdout]).toEqual([125, '']);
      expect(paused.stderr).toMatch(/^hermes: container '\S+' is paused/);
      expect(knownFiles(container)).toEqual([]);
      await known(container);
    }
    await container.stop();
    const stopped = await container.hermes(['version'], { env: impatient });
    expect([stopped.exitCode, stopped.stdout]).toEqual([125, '']);
    expect(stopped.stderr).toMatch(/^hermes: container '\S+' is not running/);
    await container.start();
    await known(container);
    await container.remove();
    const gone = await container.hermes(['version'], { env: impatient });
    expect([gone.exitCode, gone.stdout]).toEqual([125, '']);
    expect(gone.stderr).toMatch(/^hermes: container '\S+' does not exist/);
    expect([container.starts(), knownFiles(container)]).toEqual([[], []]);
  });

  it('one that was stopped and started again is entered without a look, and its exit codes are hermes’s own', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    await container.stop();
    await container.start();
    for (const code of ['126', '255', '137', '1'])
      expect(await told(container, code)).toMatchObject({ exitCode: Number(code) });
    expect(container.starts()).toHaveLength(4);
    expect(knownFiles(container)).toHaveLength(1);
  });
}, inTurns(distinctClientModes));

/** What may have become of an entry, by the hands of somebody who can write it. */
const damages: Record<string, (file: string, container: ManagedContainer) => Promise<void> | void> = {
  'others may read': (file) => chmodSync(file, 0o644),
  'is a link': (file) => {
    copyFileSync(file, `${file}.elsewhere`);
    rmSync(file);
    symlinkSync(`${file}.elsewhere`, file);
  },
  'has another name': (file) => linkSync(file, `${file}.elsewhere`),
  'is no entry': (file) => writeFileSync(file, '{"id":'),
  'has no end': (file) => writeFileSync(file, ' '.repeat(100_000)),
  'names no container': (file, { id }) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(id, '0'.repeat(64))),
  'names the beginning of an id': (file, { id }) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(id, id.slice(0, 12))),
  'would add an option': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace('"user":"hermes"', '"user":"--privileged"')),
  'would make it root': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace('"user":"hermes"', '"user":"root"')),
};

describeModes((mode) => {
  it('another home’s container is not entered by what an entry says of it', async () => {
    await using container = await managedContainer(mode);
    await using foreign = await managedContainer(mode);
    const [file, other] = [await known(container), await known(foreign)];
    const [own, its] = [file, other].map((one) => JSON.parse(readFileSync(one, 'utf8')));
    for (const entry of [its, { ...its, key: own.key }]) {
      writeFileSync(file, JSON.stringify(entry));
      expect(await told(container, '4')).toMatchObject({ exitCode: 4, looked: true });
    }
    expect([container.starts().length, foreign.starts()]).toEqual([2, []]);
  });

  it('a home that was replaced is looked at again; the one that was known is not entered for it', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    const before = `${container.home}.before`;
    renameSync(container.home, before);
    mkdirSync(container.home);
    copyFileSync(join(before, '.container-mode'), container.metadataFile);
    const ended = await told(container, '4');
    expect(ended.looked).toBe(true);
    rmSync(container.home, { recursive: true });
    renameSync(before, container.home);
  });

  it('a renamed container is known by its id; another that has its name by now is entered when that has gone', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    const { name } = container;
    await container.rename(`${name}-old`);
    expect(await told(container, '4')).toMatchObject({ exitCode: 4, looked: false });
    // an exit code that may be the engine's is hermes's own there, too
    expect(await told(container, '126')).toMatchObject({ exitCode: 126 });
    await container.remove();
    container.forgetStarts();
    await container.create();
    await container.start();
    await silent(container, '5');
  });

  it('what was lifted by HERMES_SHIM_ALLOW_FOREIGN is not remembered', async () => {
    await using container = await managedContainer(mode, { env: { HERMES_HOME: undefined } });
    const env = { HERMES_SHIM_ALLOW_FOREIGN: container.name };
    expect(await container.hermes(['exit', '3'], { env })).toMatchObject({ exitCode: 3 });
    expect(knownFiles(container)).toEqual([]);
    expect((await container.hermes(['exit', '3'], { env: impatient })).exitCode).toBe(125);
  });

  it('doctor and explain look for themselves', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    await container.stop();
    const explained = await companion(container, ['explain', 'version']);
    expect([explained.exitCode, explained.stdout]).toEqual([
      expect.any(Number),
      expect.stringContaining('is not running'),
    ]);
    const doctor = await companion(container, ['doctor']);
    expect(doctor.stdout).toContain('is not running');
    expect(knownFiles(container)).toHaveLength(1);
  });

  it('several calls at once, also after the container was made anew, each start hermes once', async () => {
    await using container = await managedContainer(mode);
    const crowd = () =>
      Promise.all(
        ['3', '4', '5', '6'].map((code) => container.hermes(['exit', code], { timeoutMs: 90_000 })),
      );
    const fine = ['3', '4', '5', '6'].map((code) => ({ exitCode: Number(code), stdout: '', stderr: '' }));
    expect(await crowd()).toMatchObject(fine);
    expect(await crowd()).toMatchObject(fine);
    await container.remove();
    await container.create();
    await container.start();
    expect(await crowd()).toMatchObject(fine);
    expect(container.starts()).toHaveLength(12);
    expect(knownFiles(container)).toHaveLength(1);
  });

  it('a hermes that is gone from a known container is told as ever, and one that comes back is waited for', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    const bin = join(container.packageDir, 'bin/hermes');
    renameSync(bin, `${bin}.later`);
    const ended = await container.hermes(['version'], { env: impatient });
    expect([ended.exitCode, ended.stdout]).toEqual([127, '']);
    expect(ended.stderr).toMatch(/^hermes: /);
    renameSync(`${bin}.later`, bin);
    await silent(container, '4');
  });

  it('in a terminal it is the same: nothing is seen of what is gone, and the terminal is as it was', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    for (const fresh of [false, true]) {
      if (fresh) {
        await container.remove();
        await container.create();
        await container.start();
      }
      await using terminal = await container.terminal(['winch'], { cols: 91, rows: 23 });
      await terminal.waitFor(/23 91/, { ms: 60_000 });
      expect(terminal.output()).not.toMatch(/rror/);
      terminal.write('\u0003');
      await terminal.exit;
      expect(container.starts()).toHaveLength(1);
      container.forgetStarts();
    }
  });

  it('a stderr that takes nothing ends hermes, with a word of why; one that nobody reads, as it would locally', async () => {
    await using container = await managedContainer(mode);
    await known(container);
    const full = await container.hermes(['emit', '0', '100000', '0'], { stderr: { file: '/dev/full' } });
    expect([full.exitCode, full.timedOut]).toEqual([1, false]);
    const unread = await container.shell('hermes emit 0 10000000 0 2>&1 >/dev/null | head -c 10 | wc -c');
    expect((await unread.ended).stdout.trim()).toBe('10');
    await container.untilNoGuests(30_000);
  });
}, inTurns(distinctClientModes));

describeModes(
  (mode) => {
    it('an entry that is not as it was written counts for nothing: the call looks, and nothing is seen of it', async () => {
      await using container = await managedContainer(mode);
      const file = await known(container);
      // what makes it one that counts: the names in it, and whose file it is
      const facts = () => {
        const { key, id, execUser, user } = JSON.parse(readFileSync(file, 'utf8'));
        const { mode, uid, nlink } = lstatSync(file);
        return { key, id, execUser, user, mode, uid, nlink };
      };
      const whole = facts();
      for (const [damage, make] of Object.entries(damages)) {
        await make(file, container);
        await silent(container, '6');
        // whoever did not look would not have written it anew
        expect([damage, facts()]).toEqual([damage, whole]);
        rmSync(`${file}.elsewhere`, { force: true });
      }
      expect(await told(container, '5')).toMatchObject({ exitCode: 5, looked: false });
      if (!engines.asRoot) return;
      chownSync(file, 12345, 12345);
      expect(await told(container, '4')).toMatchObject({ exitCode: 4, looked: true });
    });
  },
  // the entries are alike; what differs is whose they are
  ['docker-client', 'podman-sudo'],
);

describeModes(
  (mode) => {
    it('an engine that hangs is told, though nobody asked it before, and what it begins later is ended', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      const call = (args: string[]) => container.hermes(args, { env: proxy.env, timeoutMs: 60_000 });
      expect(await call(['exit', '3'])).toMatchObject({ exitCode: 3, stderr: '' });
      expect(knownFiles(container)).toHaveLength(1);
      proxy.freeze();
      const hanging = await call(['hold']);
      expect([hanging.exitCode, hanging.timedOut, hanging.stdout]).toEqual([125, false, '']);
      expect(hanging.stderr).toMatch(
        /^hermes: docker does not respond \(no answer within \d+ s\)\n {2}see why: /,
      );
      expect(knownFiles(container)).toHaveLength(0);
      proxy.thaw();
      await container.untilNoGuests(14_000);
      expect(await leftovers(container)).toEqual([]);
      expect(await call(['exit', '4'])).toMatchObject({ exitCode: 4, stderr: '' });
    });
  },
  ['docker-client'],
);

describe.runIf(engines.asRoot && engines.modes['podman-root'].available)(
  'where nothing can be remembered',
  () => {
    const views: Record<string, string> = {
      'a runtime directory that is full':
        'mkdir -p /run/hermes-shim; mount -t tmpfs -o size=4k,mode=0700 none /run/hermes-shim; head -c 10000 /dev/zero >/run/hermes-shim/full 2>/dev/null || :',
      'one that nobody can write':
        'mkdir -p /run/hermes-shim; mount -t tmpfs -o mode=0700,ro none /run/hermes-shim',
      'one that leads elsewhere': 'rm -rf /run/hermes-shim; ln -s /tmp /run/hermes-shim',
      'one that others may enter':
        'mkdir -p /run/hermes-shim; mount -t tmpfs -o mode=0755 none /run/hermes-shim',
    };
    it.each(Object.keys(views))('%s: hermes runs as ever', async (view) => {
      await using container = await managedContainer('podman-root');
      const files = { '/run/hermes-shim-bed': 'a view of /run' };
      for (const code of ['3', '4']) {
        const argv = [await shim('hermes'), 'exit', code];
        const running = callWithView(container.caller, { files, last: views[view] ?? '' }, argv, {});
        expect(await running.ended).toMatchObject({ exitCode: Number(code), stdout: '', stderr: '' });
      }
      expect(container.starts()).toHaveLength(2);
    });

    it('a user without a runtime directory, or in somebody else’s: hermes runs as ever', async () => {
      await using container = await managedContainer('podman-sudo');
      for (const XDG_RUNTIME_DIR of [undefined, '/nowhere', 'relative', '/root']) {
        const ended = await container.hermes(['exit', '3'], { env: { XDG_RUNTIME_DIR } });
        expect([XDG_RUNTIME_DIR, ended.exitCode, ended.stderr]).toEqual([XDG_RUNTIME_DIR, 3, '']);
      }
    });
  },
);

describe.runIf(engines.asRoot && engines.modes['podman-sudo'].available)('podman by sudo', () => {
  it('that records input takes none of it away where the container is gone', async () => {
    await using container = await managedContainer('podman-sudo');
    await known(container);
    const rule = `/etc/sudoers.d/hermes-shim-recording-${process.pid}`;
    const records = join(container.root, 'records');
    writeFileSync(rule, `Defaults:${engines.sudoUser.name} log_input, iolog_dir=${records}\n`, {
      mode: 0o440,
    });
    try {
      const text = randomBytes(300_000).toString('base64');
      const call = () => container.hermes(['cat'], { env: telling, input: text, timeoutMs: 60_000 });
      const first = await call();
      expect([first.exitCode, first.stdout === text, first.stderr.includes(' inspect ')]).toEqual([
        0,
        true,
        false,
      ]);
      expect(existsSync(records)).toBe(true);
      await container.remove();
      await container.create();
      await container.start();
      const second = await call();
      expect([second.exitCode, second.stdout === text, second.stderr.includes(' inspect ')]).toEqual([
        0,
        true,
        true,
      ]);
      expect(container.starts()).toHaveLength(2);
    } finally {
      rmSync(rule, { force: true });
    }
  });

  it('that refuses by now is told as ever, and what sudo says is not seen', async () => {
    await using container = await managedContainer('podman-sudo');
    await known(container);
    const dir = join(container.root, 'refusing');
    fakeEngine(dir, 'sudo', 'echo "sudo: a password is required" >&2; exit 1');
    const path = container.identity().env.PATH;
    const [file = ''] = knownFiles(container);
    const text = readFileSync(file, 'utf8');
    // the same entry, for the sudo that refuses
    const real = JSON.parse(JSON.parse(text).key)[3].binary;
    const key = JSON.stringify(JSON.parse(JSON.parse(text).key.replaceAll(real, join(dir, 'sudo'))));
    const forged = join(dirname(file), createHash('sha256').update(key).digest('hex'));
    writeFileSync(forged, JSON.stringify({ ...JSON.parse(text), key }), { mode: 0o600 });
    chownSync(forged, container.caller.uid, container.caller.gid);
    const ended = await container.hermes(['version'], { env: { ...impatient, PATH: `${dir}:${path}` } });
    expect([ended.exitCode, ended.stdout]).toEqual([125, '']);
    expect(ended.stderr).toMatch(/^hermes: /);
    expect(existsSync(forged)).toBe(false);
  });
});
