/** What the system does not give: each is told in a sentence, never as a trace. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Ended } from '../harness/call.ts';
import { managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { tellFault } from '../harness/fault.ts';
import { within } from '../harness/host.ts';
import { laterNode } from '../harness/installed.ts';
import { clientModes, describeModes, distinctModes } from '../harness/modes.ts';
import { shareContainer } from '../harness/shared.ts';

/** Every line is one of ours: a sentence, then indented hints. */
function expectSentence({ exitCode, signal, stderr }: Ended, words: RegExp, code = 126): void {
  expect([exitCode, signal]).toEqual([code, null]);
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/undefined|unforeseen|^ +at |node:/m);
}

/** What a call prints that has enough. */
const works = { stdout: 'Hermes Agent v0.0.0 (probe)\n', stderr: '' };

/** sh code that calls the rest of its words with so many bytes of arguments more, a thousand bytes each. */
const withArguments = (bytes: number): string =>
  `exec "$@" $(head -c ${bytes} /dev/zero | tr '\\0' a | fold -w 1000)`;

/** The same, of bytes that are no UTF-8: on their way they take four times as many. */
const withOddArguments = (bytes: number): string =>
  `exec "$@" $(head -c ${bytes} /dev/zero | tr '\\0' '\\377' | LC_ALL=C fold -w 1000)`;

/**
 * Resolves when the process has been node for a while without all the threads that it starts with: it hangs where others took
 * the process for one of them, and runs no program then (docs/limitations.md).
 */
async function hangsInNode(pid: number): Promise<'in node'> {
  const looks = () => {
    try {
      return (
        readlinkSync(`/proc/${pid}/exe`).endsWith('/node') && readdirSync(`/proc/${pid}/task`).length < 4
      );
    } catch {
      return false; // it has ended
    }
  };
  for (let seen = 0; seen < 50; seen = looks() ? seen + 1 : 0) {
    if (!existsSync(`/proc/${pid}`)) return new Promise(() => undefined);
    await pause(within(200));
  }
  return 'in node';
}

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('arguments that grow too long on their way are told as such, and nothing is started', async () => {
    const container = await shared();
    const ended = await container.hermes(['exit', '0'], { first: withOddArguments(700_000) });
    expectSentence(
      ended,
      /^hermes: the arguments, together .* are too long to be handed on \(E2BIG\)\n {2}pass less: /,
    );
    expect(container.starts()).toEqual([]);
  });

  it('arguments and variables that are allowed here, but not in the container, are told as such', async () => {
    // a quarter of the stack may be arguments (execve(2)); an ulimit takes the place of the bed's own
    const ulimits = ['stack=1048576:1048576', 'nofile=1024:4096', 'nproc=1000:1000'];
    const engineArgs = ulimits.flatMap((limit) => ['--ulimit', limit]);
    await using container = await managedContainer(mode, { engineArgs });
    const variables = `A=$(head -c 130000 /dev/zero | tr '\\0' a); export A B=$A C=$A`;
    const refused = [await container.hermes(['exit', '0'], { first: withArguments(500_000) })];
    // through sudo they go by a pipe, which takes less
    if (mode !== 'podman-sudo')
      refused.push(
        await container.hermes(['exit', '0'], {
          first: variables,
          env: { HERMES_SHIM_FORWARD_ENV: 'A,B,C' },
        }),
      );
    for (const ended of refused)
      expectSentence(ended, /^hermes: the arguments, together .* are too long to be handed on \(E2BIG\)\n/m);
    expect(container.starts()).toEqual([]);
  });

  it('arguments that are longer than elsewhere, with a greater stack, arrive or are told as such', async () => {
    const container = await shared();
    const first = `ulimit -s 16384; ${withArguments(3_000_000)}`;
    const ended = await container.hermes(['exit', '3'], { first });
    if (ended.exitCode !== 3) expectSentence(ended, /^hermes: the arguments, together .* \(E2BIG\)\n/m);
    expect(container.starts()).toHaveLength(ended.exitCode === 3 ? 1 : 0);
  });

  it('long arguments that a hermes did not like are hermes’s own affair', async () => {
    const container = await shared();
    for (const code of ['1', '126']) {
      const { exitCode, stderr } = await container.hermes(['exit', code], { first: withArguments(500_000) });
      expect([exitCode, stderr]).toEqual([Number(code), '']);
    }
  });

  // Whether a real client gets no thread, no map or no answer near such a limit is chance (measured: 6 of 21 calls failed).
  it('too little memory for the engine’s command ends in a sentence, whatever it is that fails', async () => {
    const container = await shared();
    const env = { HERMES_SHIM_WAIT: '0' };
    const ended = await container.hermes(['version'], { first: 'ulimit -v 1000000', env });
    if (ended.exitCode === 0) expect(ended).toMatchObject(works);
    else {
      expect([125, 126]).toContain(ended.exitCode);
      expectSentence(ended, /^hermes: /m, ended.exitCode ?? 0);
    }
  });

  it('too few descriptors are told as such, whatever it is that lacks them', async () => {
    const container = await shared();
    const env = { HERMES_SHIM_WAIT: '0' };
    for (let descriptors = 19; descriptors <= 26; descriptors += 1) {
      const ended = await container.hermes(['version'], { first: `ulimit -n ${descriptors}`, env });
      if (ended.exitCode === 0) expect(ended).toMatchObject(works);
      else expectSentence(ended, /EMFILE/, ended.exitCode ?? 0);
      expect(ended.stderr).not.toContain('chmod');
      await container.untilNoGuests(20_000);
    }
  });
}, distinctModes);

describeModes(
  (mode) => {
    it('an engine’s command that runs out of memory is told as such', async () => {
      await using container = await managedContainer(mode);
      const trace = 'runtime: out of memory\nfatal error: cannot allocate memory\n\ngoroutine 1 [running]:\n';
      const bin = join(container.root, 'fake');
      fakeEngine(bin, container.engine, `printf '${trace}' >&2; exit 2`);
      const PATH = `${bin}:${container.caller.env.PATH}`;
      const env = { PATH, HERMES_SHIM_WAIT: '0' };
      expectSentence(await container.hermes(['version'], { env }), /memory/, 125);
      expect(container.starts()).toEqual([]);
    });
  },
  clientModes.filter((mode) => mode !== 'podman-sudo'),
);

describeModes(
  (way) => {
    it('too few processes end the call soon, in words of ours or the engine’s, and never by a trace', async () => {
      await using container = await managedContainer(way);
      // where the container has been up for long only the exec itself notices
      for (const node of [undefined, laterNode()])
        for (const processes of [8, 16, 24, 40]) {
          const first = `ulimit -u ${processes} 2>/dev/null || ulimit -p ${processes}`;
          const options = { first, env: { HERMES_SHIM_WAIT: '0' }, ...(node && { node }) };
          await using call = await container.session(['version'], options);
          const ended = await Promise.race([call.ended, hangsInNode(call.pid)]);
          // where others have taken the processes for its threads: see docs/limitations.md
          if (ended === 'in node' || (ended.signal === 'SIGABRT' && /node\[\d+\]/.test(ended.stderr))) {
            const how = ended === 'in node' ? 'hangs' : 'aborts';
            tellFault(`node: ${how} before its program, with ${processes} processes allowed`);
            continue;
          }
          const { exitCode, signal, stderr } = ended;
          expect([processes, signal]).toEqual([processes, null]);
          if (exitCode === 0) expect(ended).toMatchObject(works);
          // runc's init ends so where it could not set up the process and nobody is left to hear why (init_linux.go)
          else if (exitCode === 255 && stderr === '')
            tellFault(`podman: ends with 255 without a word, with ${processes} processes allowed`);
          else {
            // Go itself ends a client that gets no thread, by 2, with a trace of its own or without a word
            const words = exitCode === 2 ? /^$|^runtime\b/ : /^(hermes|Error): /m;
            expect(stderr, `${processes} processes, exit code ${exitCode}`).toMatch(words);
          }
          expect(stderr).not.toMatch(/undefined|unforeseen|^ +at |node:/m);
        }
    });
  },
  ['podman-rootless'],
);
