/** HERMES_SHIM_FORWARD_ENV: its values may be secrets. They reach hermes and are seen nowhere else. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { filesOfEngineWith, watchRunc } from '../harness/disk.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { until } from '../harness/host.ts';
import { describeModes, distinctModes } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';

/** Nobody else on this machine has it: other runs look for theirs in the same places. */
const word = `tell-nobody-${randomBytes(4).toString('hex')}`;
/** No secret: it is seen there. */
const marker = word.replace('tell-nobody', 'look-here');
const secret = `${word} "of this" # or \\ that $HOME`;

/** Every argument list on this machine, processes in containers too. */
const argumentLists = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    });

/** Files in the temporary directories that hold the secret, and pipes left behind there. */
const leftBehind = (text: string) =>
  ['/tmp', '/var/tmp', '/dev/shm'].flatMap((dir) =>
    readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
      const path = `${dir}/${entry.name}`;
      if (entry.isFIFO()) return [path];
      if (!entry.isFile()) return [];
      try {
        return readFileSync(path, 'latin1').includes(text) ? [path] : [];
      } catch {
        return [];
      }
    }),
  );

describeModes((mode) => {
  let container: ManagedContainer;
  beforeAll(async () => {
    container = await managedContainer(mode);
  });
  afterAll(() => container[Symbol.asyncDispose]());
  const reportWith = async (env: Record<string, string>) => {
    const ended = await container.hermes(['report'], { env });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    return readReport(ended.stdoutBytes).env;
  };

  it('a secret reaches hermes, and is in no argument list while hermes runs, nor on disk', async () => {
    const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: secret };
    await using session = await container.session(['sh', '-c', 'echo "ready $MY_SECRET"; exec cat'], {
      env,
      stdin: 'pipe',
    });
    const lists: string[] = [];
    const look = setInterval(() => lists.push(...argumentLists()), 5);
    await session.waitFor('ready', 30_000);
    clearInterval(look);
    expect(session.stdout()).toBe(`ready ${secret}\n`);
    lists.push(...argumentLists());
    // The looking works: what is no secret is seen.
    expect(lists.some((list) => list.includes('ready $MY_SECRET'))).toBe(true);
    expect(lists.filter((list) => list.includes(word))).toEqual([]);
    expect(leftBehind(word)).toEqual([]);
    session.stdin?.end();
    expect((await session.ended).exitCode).toBe(0);
  });

  it('a secret is in no file of the engine, neither while hermes runs nor afterwards', async () => {
    using runc = watchRunc();
    const caught = () => container.engine !== 'docker' || runc.seen().includes(marker);
    for (let calls = 1; calls === 1 || !caught(); calls += 1) {
      // the looking works: what is no secret is seen, in runc's file of a moment at last after some calls
      expect(calls).toBeLessThan(40);
      const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: secret, TERM: `${marker}-${calls}` };
      await using session = await container.session(['sh', '-c', 'echo "ready $MY_SECRET"; exec cat'], {
        env,
        stdin: 'pipe',
      });
      expect(await session.waitFor('ready', 30_000)).toBe(`ready ${secret}\n`);
      if (container.engine !== 'docker') expect(await filesOfEngineWith(container, marker)).not.toEqual([]);
      expect(await filesOfEngineWith(container, word)).toEqual([]);
      session.stdin?.end();
      expect((await session.ended).exitCode).toBe(0);
    }
    expect(await filesOfEngineWith(container, word)).toEqual([]);
    expect(runc.seen()).not.toContain(word);
  });

  it('secrets of any bytes and of any length arrive, and nothing of their way in stays', async () => {
    const long = 'x'.repeat(120_000);
    const env = {
      HERMES_SHIM_FORWARD_ENV: 'LINES,LONG,EMPTY,ODD',
      LINES: 'two\n\tlines \u00e9\n',
      LONG: long,
      EMPTY: '',
    };
    const first = 'export ODD="$(printf "a\\377b")"';
    const ended = await container.hermes(['report'], { env, first });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const report = readReport(ended.stdoutBytes);
    expect(report.env).toMatchObject({ LINES: env.LINES, LONG: long, EMPTY: '' });
    expect(report.env).toHaveProperty('ODD');
    expect(report.fds.filter((descriptor) => descriptor < 10)).toEqual([0, 1, 2]);
    await container.untilNoGuests();
    const { stdout } = await container.exec(['sh', '-c', 'find /tmp /dev/shm -type p']);
    expect(stdout).toBe('');
  });

  it('a megabyte of them arrives, though no pipe holds so much', async () => {
    const values = Array.from('abcdefgh', (letter, n) => `${n} ${letter.repeat(120_000)}`);
    const env = Object.fromEntries(values.map((value, n) => [`BIG_${n}`, value]));
    const print = `printf '%s\\n' ${values.map((_, n) => `"$BIG_${n}"`).join(' ')}`;
    const ended = await container.hermes(['sh', '-c', print], {
      env: { ...env, HERMES_SHIM_FORWARD_ENV: 'BIG_*' },
    });
    expect([ended.exitCode, ended.stderr]).toEqual([0, '']);
    // not by toEqual, which would print a megabyte
    expect(ended.stdout === `${values.join('\n')}\n`).toBe(true);
  });

  it('with a terminal and typed-ahead input too: not a byte of it is lost', async () => {
    const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: secret };
    await using terminal = await container.terminal(['sh', '-c', 'read x; echo "got $x and $MY_SECRET"'], {
      env,
    });
    terminal.write('typed ahead\r');
    await terminal.waitFor(`got typed ahead and ${secret}`);
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    const piped = await container.hermes(['sh', '-c', 'echo "$MY_SECRET"; cat'], {
      env,
      input: 'first\nlast',
    });
    expect(piped).toMatchObject({ exitCode: 0, stdout: `${secret}\nfirst\nlast` });
  });

  it('where they cannot be handed over hermes is not started, and a sentence says why', async () => {
    await using full = await managedContainer(mode);
    await full.exec(['chmod', '0755', '/dev/shm', '/tmp'], { user: '0' });
    const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: secret };
    const ended = await full.hermes(['version'], { env });
    expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
    expect(ended.stderr).toMatch(
      /^hermes: what HERMES_SHIM_FORWARD_ENV lists could not be handed to hermes \(the container has no place for a FIFO/,
    );
    expect(full.starts()).toEqual([]);
    await full.untilNoGuests();
    expect(await full.hermes(['version'])).toMatchObject({ exitCode: 0 });
  });

  it('names can be listed with spaces, by prefix, and when they are not set', async () => {
    const seen = await reportWith({
      HERMES_SHIM_FORWARD_ENV: ' ONE , TWO_*,NOT_SET,,',
      ONE: '1',
      TWO_A: 'a',
      TWO_B: '',
      TWOSOME: 'no',
      THREE: 'no',
    });
    expect(seen).toMatchObject({ ONE: '1', TWO_A: 'a', TWO_B: '' });
    for (const name of ['TWOSOME', 'THREE', 'NOT_SET', 'HERMES_SHIM_FORWARD_ENV'])
      expect(seen).not.toHaveProperty(name);
  });

  it('what belongs to the host or to the shim is withheld, even when everything is listed', async () => {
    const bare = readReport((await container.exec([container.hermesBin, 'report'])).stdout).env;
    const env = { HERMES_SHIM_FORWARD_ENV: 'HERMES_*,HERMES_HOME', HERMES_DEV: '0', HERMES_OTHER: 'x' };
    const { HERMES_SHIM_SESSION, PWD, ...seen } = await reportWith(env);
    // From a shell, and the exec wrapper is one, every program has it.
    expect([undefined, '/data/workspace']).toContain(PWD);
    expect(HERMES_SHIM_SESSION).toMatch(/^\d+-\d+-\w+-\w+$/);
    expect(seen).toEqual({ ...bare, LANG: container.caller.env.LANG ?? bare.LANG, HERMES_OTHER: 'x' });
  });
}, distinctModes);

describeModes(
  (mode) => {
    const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: secret };
    /** An engine that answers some command lines itself; everything else is the real one's. */
    const withFake = (container: ManagedContainer, cases: string) => {
      const dir = join(container.root, 'fakes');
      fakeEngine(dir, 'docker', `case "$*" in ${cases} esac\nexec /usr/bin/docker "$@"`);
      return { ...env, PATH: `${dir}:${container.caller.env.PATH}` };
    };
    const withoutCourier = (container: ManagedContainer, code: string) =>
      withFake(container, `*hermes-secrets*) ${code} ;;`);

    it('an engine that refuses to carry them: hermes is not started, and its words are told', async () => {
      await using container = await managedContainer(mode);
      const refusing = withoutCourier(container, 'echo "Error: no more execs \\033[31m" >&2; exit 1');
      const ended = await container.hermes(['version'], { env: refusing });
      expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
      expect(ended.stderr).toContain(
        'could not be handed to hermes (Error: no more execs \\x1b[31m), so hermes was not started',
      );
      expect(container.starts()).toEqual([]);
      await container.untilNoGuests();
    });

    it('while they are on their way every ending works, and nothing stays: TERM, and SIGKILL', async () => {
      await using container = await managedContainer(mode);
      const slow = withoutCourier(container, 'exec sleep 60');
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await using session = await container.session(['version'], { env: slow });
        await until(async () => (await container.sessionProcesses()).length > 0, {
          what: 'the exec wrapper',
        });
        session.kill(signal);
        expect(await session.ended).toMatchObject({ signal, stdout: '' });
        await container.untilNoGuests(30_000);
      }
      expect(container.starts()).toEqual([]);
    });

    it('a user who is not there is still told apart from secrets that cannot be carried', async () => {
      await using container = await managedContainer(mode);
      container.writeMetadata({ exec_user: 'nobody-here' });
      // the first question is answered as if the user were there, as in a container that is up for long
      const asked = join(container.root, 'asked');
      const first = `[ -e ${asked} ] || { : >${asked}; echo ready; exit; }`;
      const believing = withFake(container, `*'echo missing'*) ${first} ;;`);
      const ended = await container.hermes(['version'], { env: { ...believing, HERMES_SHIM_WAIT: '0' } });
      expect(ended.exitCode).toBe(125);
      expect(ended.stderr).toMatch(/^hermes: container '\S+' has no user 'nobody-here'/);
      expect(existsSync(asked)).toBe(true);
    });
  },
  // the courier is an exec of its own by docker's client
  ['docker-client'],
);

describeModes((mode) => {
  it("a profile's HERMES_HOME is mapped to its path in the container", async () => {
    await using container = await managedContainer(mode, { profile: 'coder' });
    const ended = await container.hermes(['report']);
    expect(readReport(ended.stdoutBytes).env.HERMES_HOME).toBe('/data/.hermes/profiles/coder');
  });
}, distinctModes);
