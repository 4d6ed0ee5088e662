/** Outputs are the caller's own descriptors: nobody may change what is behind them while the session writes. */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must } from '../../scripts/engines/command.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { laterNode } from '../harness/installed.ts';
import { describeModes, transportModes } from '../harness/modes.ts';

/** O_NONBLOCK, in proc(5)'s octal. */
const nonBlocking = 0o4000;

/** The flags of each descriptor in some of proc(5)'s fdinfo. */
const flagsOf = (fdinfo: string): number[] =>
  [...fdinfo.matchAll(/^flags:\s+(\d+)/gm)].map(([, octal]) => Number.parseInt(octal ?? '', 8));

const lines = (text: string) => text.trim().split(/\s*\n/);

describeModes(
  (mode) => {
    it('they stay blocking: a client that has begun to write would lose what a slow reader has no room for', async () => {
      await using container = await managedContainer(mode);
      const { PATH } = container.identity({ node: laterNode() }).env;
      const flags = join(container.root, 'flags');
      // the client makes its outputs blocking itself as it starts, so the look is at what is in its place before
      const look = `[ $1 != exec ] || { sleep 0.3; cat /proc/$$/fdinfo/1 /proc/$$/fdinfo/2 >'${flags}'; }`;
      const real = `PATH='${PATH}' exec ${container.engine} "$@"`;
      fakeEngine(join(container.root, 'watched'), container.engine, `${look}\n${real}`);
      const env = { PATH: `${join(container.root, 'watched')}:${PATH}` };
      expect(await container.hermes(['version'], { env })).toMatchObject({ exitCode: 0, stderr: '' });
      expect(flagsOf(readFileSync(flags, 'utf8')).map((each) => each & nonBlocking)).toEqual([0, 0]);
    });
  },
  ['docker-client', 'podman-root'],
);

describeModes((mode) => {
  let flooded: ManagedContainer;
  beforeAll(async () => {
    flooded = await managedContainer(mode);
  });
  afterAll(() => flooded[Symbol.asyncDispose]());

  // each looks at nothing but its own bytes
  it.concurrent.each([
    ['both in one', '2>&1', '6000000'],
    ['stderr alone', '2>&1 >/dev/null', '3000000'],
    ['stdout alone', '2>/dev/null', '3000000'],
  ])('a reader that takes its time gets every byte: %s', async (_, redirection, size) => {
    const flood = 'head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2';
    const call = `{ hermes sh -c '${flood}' </dev/null; echo "code $?" >&4; } ${redirection}`;
    // however long hermes takes to begin, the reader rests when it writes
    const reader = '{ dd bs=1 count=1 2>/dev/null; sleep 1; cat; } | wc -c';
    await using shell = await flooded.shell(`exec 4>&1; ${call} | ${reader}`);
    expect(lines((await shell.ended).stdout).sort()).toEqual([size, 'code 0']);
  });

  it('pipes that others hold, too, stay blocking while a session reads and writes them', async () => {
    await using container = await managedContainer(mode);
    const call = `sh -c 'echo "pid $$"; exec hermes sh -c "echo ready; cat"' 2>&1`;
    await using shell = await container.shell(`cat | ${call} | cat`, { stdin: 'pipe' });
    const pid = /pid (\d+)/.exec(await shell.waitFor('ready', 30_000))?.[1];
    const flags = () =>
      [0, 1, 2]
        .flatMap((descriptor) => flagsOf(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')))
        .map((each) => each & nonBlocking);
    expect(flags()).toEqual([0, 0, 0]);
    shell.stdin?.write('through\n');
    await shell.waitFor('through');
    expect(flags()).toEqual([0, 0, 0]);
    shell.stdin?.end();
    expect(await shell.ended).toMatchObject({ exitCode: 0, stderr: '' });
  });
}, transportModes);

describeModes(
  (mode) => {
    it('a FIFO whose reader is gone before hermes begins ends the call, as it would a local program', async () => {
      await using container = await managedContainer(mode);
      const fifo = join(container.root, 'fifo');
      await must(['mkfifo', '-m', '666', fifo]);
      const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
      const writer = openSync(fifo, constants.O_WRONLY);
      closeSync(reader);
      const ended = await container.hermes(['tick', '0.1'], { stdout: writer });
      closeSync(writer);
      expect(ended).toMatchObject({ timedOut: false, signal: 'SIGPIPE', stderr: '' });
      await container.untilNoGuests();
    });
  },
  ['docker', 'docker-client', 'podman-socket'],
);
