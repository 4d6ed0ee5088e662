/**
 * Each way in which something that the container can write or say could run on the host, or reach the terminal: tried,
 * and found not to. The container owns its state directory, so metadata, names in there and its own logs are hostile.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideRoute } from '../../src/route/decide.ts';
import { parseMetadata } from '../../src/route/metadata.ts';
import type { CallOptions } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { until } from '../harness/host.ts';
import { nodeDir, shim } from '../harness/installed.ts';
import { describeModes, engines, modes, transportModes } from '../harness/modes.ts';
import { nativeIn } from '../harness/native.ts';
import { expectClean, expectRefusal } from '../harness/refusal.ts';
import { readReport } from '../harness/report.ts';
import { swapper } from '../harness/swapper.ts';
import { callWithView } from '../harness/view.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(engines.dir, 'attack-'));
  chmodSync(scratch, 0o777);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const now = { HERMES_SHIM_WAIT: '0' };
const inContainer = { exitCode: 0, stdout: 'Hermes Agent v0.0.0 (probe)\n', stderr: '' };
const metadataOf = (keys: Record<string, string>) =>
  Object.entries(keys)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** A program on the host that leaves a mark when it runs. */
function trap(name: string): { program: string; sprung: () => boolean } {
  const mark = join(scratch, `${name}.mark`);
  const program = fakeEngine(join(scratch, name), 'evil', `touch ${mark}; echo evil`);
  return { program, sprung: () => existsSync(mark) };
}

describeModes(
  (mode) => {
    describe('the metadata', () => {
      let container: ManagedContainer;
      beforeAll(async () => {
        container = await managedContainer(mode);
      });
      afterAll(() => container[Symbol.asyncDispose]());

      it('runs nothing on the host, whatever it names there', async () => {
        const { program, sprung } = trap(`${mode}-named`);
        for (const [key, value] of [
          ['backend', program],
          ['container_name', program],
          ['exec_user', program],
          ['hermes_bin', program],
          ['hermes_home', program],
          ['PATH', scratch],
        ] as const) {
          container.writeMetadata({ [key]: value });
          const ended = await container.hermes(['version'], { env: now });
          if (['hermes_home', 'PATH'].includes(key)) expect(ended).toMatchObject(inContainer);
          else expectRefusal(ended, key === 'hermes_bin' ? 127 : 125);
        }
        // nor on the way that leads to the host
        container.writeMetadata({ hermes_bin: program });
        const dir = nativeIn(scratch, `${mode}-native`);
        const env = { HERMES_DEV: '1', HERMES_NATIVE_DIR: dir };
        expect((await container.hermes(['x'], { env })).stdout).toBe(`native ${mode}-native hermes: x\n`);
        expect(sprung()).toBe(false);
        container.writeMetadata({});
      });

      it('is no shell code, here or there', async () => {
        const code = `$(touch ${scratch}/${mode}.shell /data/shell)\`touch /data/shell\`;touch /data/shell; "'`;
        container.writeMetadata({ hermes_bin: `/data/${code.replaceAll('//', '/')}` });
        const ended = await container.hermes(['version'], { env: now });
        expectRefusal(ended, 127, '$(touch ');
        // what it proposes to type is quoted: pasted into a shell that only knows `exec`, it stays one word
        const look = ended.stderr.split('\n').find((line) => line.startsWith('  look:')) ?? '';
        expect(look).toContain(` '/data/$(touch `);
        expect(existsSync(join(scratch, `${mode}.shell`))).toBe(false);
        expect(existsSync(join(container.stateDir, 'shell'))).toBe(false);
        container.writeMetadata({});
      });

      it('with anything a terminal would obey reaches no terminal', async () => {
        const hostile = '\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r';
        for (const key of ['backend', 'container_name', 'exec_user', 'hermes_bin']) {
          container.writeMetadata(`${key}=x${hostile}y\n`);
          await using terminal = await container.terminal(['version'], { env: now });
          await terminal.exit;
          expectClean(terminal.output().replaceAll('\r\n', '\n'));
          expect(terminal.output()).toContain(
            `line 1: ${key} is 'x\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u{202e}\\ry'`,
          );
        }
        container.writeMetadata({});
      });
    });

    it('what the container logs and declares reaches no terminal as it is', async () => {
      const env = { HERMES_HOME: '/data/\x1b]0;owned\x07\x1b[2J' };
      await using declaring = await managedContainer(mode, { env });
      expectRefusal(
        await declaring.hermes(['version'], { env: now }),
        125,
        'declares the home /data/\\x1b]0;owned',
      );
      await using logging = await managedContainer(mode);
      const say = 'printf "\\033]0;owned\\007\\033[2Jbye\\r\\n" >/proc/1/fd/1';
      expect((await logging.exec(['sh', '-c', say], { user: '0' })).code).toBe(0);
      await logging.kill();
      expectRefusal(await logging.hermes(['version'], { env: now }), 125, '\\x1b]0;owned\\x07\\x1b[2Jbye');
    });

    it('the container’s own words are no shell code in the session either', async () => {
      const odd = '$(touch /data/sprung)`touch /data/sprung`; touch /data/sprung; "\'';
      const directory = `/data/${odd.replaceAll('/', '')}`;
      await using container = await managedContainer(mode, { env: { MESSAGING_CWD: directory, ODD: odd } });
      const host = join(container.stateDir, odd.replaceAll('/', ''));
      mkdirSync(host);
      chmodSync(host, 0o755);
      for (const cwd of ['/', host]) {
        const { stdoutBytes } = await container.hermes(['report'], {
          cwd,
          env: { HERMES_HOME: container.home },
        });
        expect(readReport(stdoutBytes)).toMatchObject({ cwd: directory, env: { ODD: odd } });
      }
      expect(existsSync(join(container.stateDir, 'sprung'))).toBe(false);
    });

    it('programs that the container plants where the caller stands are not run, though PATH says so', async () => {
      await using container = await managedContainer(mode);
      const planted = join(container.workspace, 'planted');
      const mark = join(scratch, `${mode}-planted.mark`);
      mkdirSync(join(planted, 'bin'), { recursive: true });
      for (const name of ['docker', 'podman', 'sudo', 'doas', 'getent', 'hermes', 'node', 'stty', 'sh'])
        for (const dir of [planted, join(planted, 'bin')])
          fakeEngine(dir, name, `echo ${name} >>${mark}; exec /usr/bin/${name} "$@"`);
      for (const dir of [container.workspace, planted, join(planted, 'bin')]) chmodSync(dir, 0o755);
      const PATH = `${nodeDir()}:.::bin:./bin:${container.caller.env.PATH}:`;
      const options: CallOptions = { cwd: planted, env: { PATH } };
      expect(await container.hermes(['version'], options)).toMatchObject(inContainer);
      {
        await using terminal = await container.terminal(['version'], options);
        await terminal.exit;
      }
      const native = await container.hermes(['version'], { cwd: planted, env: { PATH, HERMES_DEV: '1' } });
      expect(native.exitCode).toBe(127);
      await using session = await container.session(['sleep', '1001'], options);
      await session.waitFor('ready');
      const ps = await container.hermes(['ps'], { ...options, name: 'hermes-shim' });
      expect(ps.stdout).toContain(container.caller.name);
      expect(existsSync(mark) ? readFileSync(mark, 'utf8') : '').toBe('');
    });

    it('a home that is mounted read-only, or that something else covers, is not that container’s home', async () => {
      const refused = async (container: ManagedContainer, words: string) => {
        container.writeMetadata({ exec_user: 'root', hermes_bin: '/bin/touch' });
        expectRefusal(await container.hermes(['/data/mark'], { env: now }), 125, words);
        expect(existsSync(join(container.stateDir, 'mark'))).toBe(false);
      };
      await using covered = await managedContainer(mode, { engineArgs: ['--tmpfs', '/data/.hermes'] });
      await refused(covered, 'which is no directory of this host');
      const other = join(scratch, `${mode}-other`);
      mkdirSync(other);
      await using nested = await managedContainer(mode, {
        mounts: [{ source: other, destination: '/data/.hermes' }],
      });
      await refused(nested, `declares the home /data/.hermes, which is ${other} on this host`);
      await using linked = await managedContainer(mode, { env: { HERMES_HOME: '/link/.hermes' } });
      await linked.exec(['ln', '-s', '/data', '/link'], { user: '0' });
      await refused(linked, 'declares the home /link/.hermes, which is no directory of this host');
      const source = join(scratch, `${mode}-readonly`);
      mkdirSync(join(source, '.hermes'), { recursive: true });
      await using readOnly = await managedContainer(mode, {
        env: { HERMES_HOME: '/ro/.hermes' },
        mounts: [{ source, destination: '/ro', readOnly: true }],
      });
      const text = metadataOf({
        backend: readOnly.engine,
        container_name: readOnly.name,
        hermes_bin: '/bin/touch',
      });
      writeFileSync(join(source, '.hermes/.container-mode'), text);
      const env = { ...now, HERMES_HOME: join(source, '.hermes') };
      expectRefusal(await readOnly.hermes(['/data/mark'], { env }), 125, 'but has it mounted read-only');
    });
  },
  transportModes.filter((mode) => mode !== 'podman-root' && mode !== 'podman-rootless'),
);

describeModes(
  () => {
    it('another user’s rootless podman is not asked, though it has a container of that name and home', async () => {
      await using theirs = await managedContainer('podman-rootless');
      const root = {
        name: 'root',
        uid: 0,
        gid: 0,
        home: scratch,
        env: { ...theirs.caller.env, HOME: scratch },
      };
      const ended = await callWithView(root, {}, [await shim(), 'version'], { env: now }).ended;
      expectRefusal(ended, 125, `container '${theirs.name}' does not exist (podman)`);
      expect(theirs.starts()).toEqual([]);
    });
  },
  engines.asRoot ? ['podman-rootless'] : [],
);

describe('a home that changes while it is read', () => {
  const callerAt = (home: string) => ({
    env: { HERMES_HOME: home },
    uid: 0,
  });

  it('swapped for another thousands of times, never lends its name to the other’s metadata', async () => {
    const [good, evil, link] = ['good', 'evil', 'link'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    for (const [dir, execUser] of [
      [good, 'hermes'],
      [evil, 'root'],
    ] as const) {
      mkdirSync(dir);
      writeFileSync(join(dir, '.container-mode'), metadataOf({ backend: 'docker', exec_user: execUser }));
    }
    symlinkSync(good, link);
    await using swapping = await swapper('repoint', link, good, evil);
    const seen = { hermes: 0, root: 0 };
    for (const deadline = Date.now() + 5000; Date.now() < deadline; ) {
      for (let n = 0; n < 100; n++) {
        const route = await decideRoute(callerAt(link));
        if (route.kind !== 'container') throw new Error(`native: ${route.why}`);
        const { execUser } = route.metadata;
        expect([execUser, route.homePath, route.file]).toEqual(
          execUser === 'root'
            ? ['root', evil, `${evil}/.container-mode`]
            : ['hermes', good, `${good}/.container-mode`],
        );
        seen[execUser as 'root' | 'hermes']++;
      }
      if (swapping.count() > 3000 && seen.root > 300 && seen.hermes > 300) break;
    }
    expect(seen.root).toBeGreaterThan(0);
    expect(seen.hermes).toBeGreaterThan(0);
  });

  it('exchanged with a link thousands of times by its own container, stays the pin’s', async () => {
    const [home, evil, bait] = ['pinned', 'pinned-evil', 'pinned-bait'].map((name) =>
      join(scratch, name),
    ) as [string, string, string];
    for (const dir of [home, evil]) {
      mkdirSync(dir);
      writeFileSync(join(dir, '.container-mode'), metadataOf({ exec_user: 'root' }));
    }
    symlinkSync(evil, bait);
    const link = join(scratch, 'pinned-link');
    symlinkSync(home, link);
    const metadata = parseMetadata('exec_user=hermes\n', 'pin');
    await using swapping = await swapper('exchange', home, bait);
    const above = join(scratch, 'pinned-above');
    symlinkSync(scratch, above);
    const names = [home, link, join(above, 'pinned'), join(above, 'pinned-link')];
    // it may be quick: so many looks in any case, and so many exchanges meanwhile
    for (let looks = 0; looks < 200 || swapping.count() < 1000; looks += 1) {
      for (const given of names.flatMap((name) => [name, join(name, 'profiles/side')])) {
        const route = await decideRoute(
          callerAt(given),
          () => 0,
          () => ({ metadata, home, file: 'pin' }),
        );
        expect(route).toMatchObject({ kind: 'container', file: 'pin', metadata: { execUser: 'hermes' } });
      }
      await new Promise((resolve) => setImmediate(resolve)); // or nothing is heard of the exchanges
    }
  });

  it('whose metadata is unlinked and written again and again never counts as without', async () => {
    const home = join(scratch, 'rewritten/.hermes');
    const text = metadataOf({ backend: 'docker', container_name: 'the-one', hermes_bin: '/data/the/one' });
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, '../.container-identity'), '');
    writeFileSync(join(home, '.container-mode'), text);
    await using rewriting = await swapper('rewrite', join(home, '.container-mode'), text);
    for (const deadline = Date.now() + 20_000; Date.now() < deadline && rewriting.count() < 400; ) {
      const route = await decideRoute(callerAt(home), () => 5000);
      if (route.kind === 'native') {
        // it is looked for 100 ms; if it was away for longer, that is the busy machine's doing
        const before = rewriting.count();
        await until(() => rewriting.count() > before + 16, { what: 'the next rewritings' });
        expect(rewriting.slowestMs()).toBeGreaterThan(90);
        continue;
      }
      expect(route).toMatchObject({ metadata: { containerName: 'the-one', hermesBin: '/data/the/one' } });
    }
    expect(rewriting.count()).toBeGreaterThan(0);
  });
});

describeModes(
  () => {
    it('a home swapped between two containers never leads from the one’s metadata into the other', async () => {
      await using good = await managedContainer('docker');
      await using evil = await managedContainer('docker');
      // what the evil one wants: to be root in the good one
      evil.writeMetadata({ container_name: good.name, exec_user: 'root', hermes_bin: '/bin/touch' });
      const link = join(scratch, 'between');
      symlinkSync(good.home, link);
      await using _ = await swapper('repoint', link, good.home, evil.home);
      const env = { ...now, HERMES_HOME: link };
      const endings = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const codes: (number | null)[] = [];
          for (let n = 0; n < 4; n++) codes.push((await good.hermes(['/data/mark'], { env })).exitCode);
          return codes;
        }),
      );
      // 64: the good one's hermes knows no such command; 125: refused
      for (const code of endings.flat()) expect([64, 125]).toContain(code);
      expect(existsSync(join(good.stateDir, 'mark'))).toBe(false);
    });

    it('with a pin, a container that swaps its own home for another has no say either', async () => {
      await using container = await managedContainer('docker');
      const evil = join(container.stateDir, 'evil');
      mkdirSync(evil);
      writeFileSync(
        join(evil, '.container-mode'),
        metadataOf({
          backend: 'docker',
          container_name: container.name,
          exec_user: 'root',
          hermes_bin: '/bin/touch',
        }),
      );
      const bait = join(container.stateDir, 'bait');
      symlinkSync(evil, bait);
      const pin = metadataOf({
        backend: 'docker',
        container_name: container.name,
        hermes_bin: container.hermesBin,
        hermes_home: container.home,
      });
      const view = { files: { '/etc/hermes-shim/container-mode': pin } };
      const person = join(scratch, 'pinned-person');
      mkdirSync(person);
      symlinkSync(container.home, join(person, '.hermes'));
      const real = `${container.home}.real`;
      {
        await using _ = await swapper('exchange', container.home, bait);
        for (const env of [{}, { HERMES_HOME: undefined, HOME: person }])
          for (let n = 0; n < 8; n++) {
            const { caller } = container;
            const options = { env: { ...now, ...env } };
            const { exitCode } = await callWithView(caller, view, [await shim(), '/data/mark'], options)
              .ended;
            expect([64, 125]).toContain(exitCode);
          }
      }
      expect(existsSync(join(container.stateDir, 'mark'))).toBe(false);
      // whichever of the two is the directory now, it is tidied away by its own name
      renameSync(container.home, real);
    });
  },
  engines.asRoot ? ['docker'] : [],
);

describeModes(
  () => {
    it('what the engine says reaches no terminal, in a spinner either', async () => {
      await using container = await managedContainer('podman-root');
      const dir = join(scratch, 'odd-state');
      const odd = '"Status": "\\\\u001b]0;owned\\\\u0007\\\\u001b[2J"';
      const real = '/usr/bin/podman';
      fakeEngine(
        dir,
        'podman',
        `case $1 in inspect) ${real} "$@" | sed 's/"Status": "running"/${odd}/' ;; *) exec ${real} "$@" ;; esac`,
      );
      const env = { HERMES_SHIM_WAIT: '0.6', PATH: `${dir}:${nodeDir()}:${container.caller.env.PATH}` };
      await using terminal = await container.terminal(['version'], { env });
      await terminal.exit;
      expect(terminal.output()).toContain('waiting for container');
      expect(terminal.output()).toContain('\\x1b]0;owned');
      expect(terminal.output()).not.toMatch(/\x1b\]0;|\x1b\[2J/);
      expect(container.starts()).toEqual([]);
    });
  },
  modes.filter((mode) => mode === 'podman-root'),
);
