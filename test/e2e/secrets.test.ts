/** HERMES_SHIM_FORWARD_ENV: its values may be secrets. They reach hermes and are seen nowhere else. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../bed/container.ts';
import { readReport } from '../bed/report.ts';
import { describeWays } from '../bed/ways.ts';

const secret = 'tell-nobody "of this" # or \\ that $HOME';

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

describeWays((way) => {
  let container: ManagedContainer;
  beforeAll(async () => {
    container = await managedContainer(way);
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
    expect(lists.filter((list) => list.includes('tell-nobody'))).toEqual([]);
    expect(leftBehind('tell-nobody')).toEqual([]);
    session.stdin?.end();
    expect((await session.ended).exitCode).toBe(0);
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
    // From a shell, and the doorman is one, every program has it.
    expect([undefined, '/data/workspace']).toContain(PWD);
    expect(HERMES_SHIM_SESSION).toMatch(/^\d+-\d+-\w+-\w+$/);
    expect(seen).toEqual({ ...bare, LANG: container.caller.env.LANG ?? bare.LANG, HERMES_OTHER: 'x' });
  });
});

describeWays(
  (way) => {
    it('a secret with a line break cannot pass through sudo: an error, not a loss', async () => {
      await using container = await managedContainer(way);
      const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: 'two\nlines' };
      const ended = await container.hermes(['version'], { env });
      expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
      expect(ended.stderr).toMatch(/^hermes: MY_SECRET holds a line break, which cannot pass through sudo\n/);
      expect(ended.stderr).not.toContain('lines');
      expect(container.starts()).toEqual([]);
    });

    it('one of 64 KB passes; one that is longer than a pipe holds is an error, not a loss', async () => {
      await using container = await managedContainer(way);
      const forward = async (length: number) => {
        const env = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: 'x'.repeat(length) };
        return container.hermes(['sh', '-c', 'printf %s "$MY_SECRET" | wc -c'], { env });
      };
      expect(await forward(65_000)).toMatchObject({ exitCode: 0, stdout: '65000\n', stderr: '' });
      const ended = await forward(66_000);
      expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
      expect(ended.stderr).toMatch(/^hermes: what HERMES_SHIM_FORWARD_ENV lists is over 64 KiB/);
    });
  },
  ['podman-sudo'],
);

describeWays((way) => {
  it("a profile's HERMES_HOME is mapped to its path in the container", async () => {
    await using container = await managedContainer(way, { profile: 'work' });
    const ended = await container.hermes(['report']);
    expect(readReport(ended.stdoutBytes).env.HERMES_HOME).toBe('/data/.hermes/profiles/work');
  });
});
