/** The stderr of a client that enters a container without having looked: held until hermes begins. */
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { holdStderr } from '../../src/session/client/held-stderr.ts';
import type { SinkEvents } from '../../src/session/streams/sink.ts';
import { saysRefused } from '../../src/session/verdict/refusal.ts';

const end = (code: number) => ({ code, signal: null });
const refused = (words: string) => words.includes('refused');

const turn = () => new Promise(setImmediate);

/** A client's stderr, and what the caller has seen of it; `out`: when all of that has left us. */
function holding({
  takes = () => true,
  out = Promise.resolve(),
}: {
  takes?: () => boolean;
  out?: Promise<void>;
} = {}) {
  let seen = '';
  let events: SinkEvents | undefined;
  const held = holdStderr(false, refused, (_descriptor, _terminal, _atOnce, given) => {
    events = given;
    return {
      write: (bytes) => {
        seen += bytes.toString('latin1');
        return takes();
      },
      finish: () => out,
    };
  });
  const stream = new PassThrough();
  held.take(stream);
  const says = async (words: string): Promise<void> => {
    stream.write(Buffer.from(words, 'latin1'));
    await turn();
  };
  return { held, says, stream, seen: () => seen, events: () => events };
}

/** Something that is waited for, and whether it is there. */
function waitingFor(promise: Promise<unknown>) {
  const there = vi.fn();
  void promise.then(there);
  return async () => {
    for (let n = 0; n < 10; n += 1) await turn();
    return there.mock.calls.length > 0;
  };
}

describe('what a client says before hermes begins', () => {
  afterEach(() => void vi.useRealTimers());

  it('is kept, and then comes first; the greeting is not seen, wherever it is split', async () => {
    for (const parts of [
      ['warning\n\u001eSerror\n'],
      ['warning\n\u001e', 'Serror\n'],
      ['warning\n', '\u001eS', 'error\n'],
    ]) {
      const { held, says, seen } = holding();
      for (const part of parts) await says(part);
      expect([seen(), held.begun()]).toEqual(['warning\nerror\n', true]);
      await says('\u001eS more');
      expect(seen()).toBe('warning\nerror\n\u001eS more');
      expect(await held.end(end(125))).toEqual(end(125));
      await held.release();
      expect(seen()).toBe('warning\nerror\n\u001eS more');
    }
  });

  it('is known to be all when hermes begins, and no sooner', async () => {
    const { held, says } = holding();
    const begun = waitingFor(held.started);
    await says('warning\n');
    expect([held.begun(), await begun()]).toEqual([false, false]);
    await says('\u001eS');
    expect([held.begun(), await begun()]).toEqual([true, true]);
  });

  it('is seen by nobody where it says that nothing was started', async () => {
    for (const [words, why] of [
      ['refused\n', 'refused'],
      ['\u001eM', 'missing'],
      ['\u001eF', 'forbidden'],
    ] as const) {
      const { held, says, seen } = holding();
      const begun = waitingFor(held.started);
      await says(words);
      expect(await held.end(end(125))).toMatchObject({ code: 125, fate: { is: 'never', why } });
      expect([seen(), held.begun(), await begun()]).toEqual(['', false, false]);
    }
  });

  it('is told with that, up to where the exec wrapper itself spoke', async () => {
    const { held, says, seen } = holding();
    await says('warning\n\u001eMmore');
    await says('and more');
    const fate = { is: 'never', why: 'missing', words: 'warning\n' };
    expect(await held.end(end(127))).toEqual({ ...end(127), fate });
    expect(seen()).toBe('');
  });

  it('is seen after all where it says nothing of the kind, and once', async () => {
    const { held, says, seen } = holding();
    await says('something else\n');
    expect(await held.end(end(125))).toEqual(end(125));
    expect(seen()).toBe('');
    await held.release();
    expect(seen()).toBe('something else\n');
    await held.release();
    expect(seen()).toBe('something else\n');
    // a session that ended well was one
    const well = holding();
    await well.says('refused\n');
    expect(await well.held.end(end(0))).toEqual(end(0));
  });

  it('is not kept for ever, and the greeting is found all the same', async () => {
    const { held, says, seen } = holding();
    const much = 'x'.repeat(70_000);
    await says(much);
    await says('\u001e');
    expect(seen().length).toBeGreaterThan(69_000);
    await says('Serror');
    expect([seen() === `${much}error`, held.begun()]).toEqual([true, true]);
  });

  it('is kept up to 64 KiB', async () => {
    const { says, seen } = holding();
    await says('x'.repeat(64 * 1024));
    expect(seen()).toBe('');
    await says('x');
    expect(seen().length).toBe(64 * 1024);
  });

  it('is heard to its end, which may come a little after the client’s', async () => {
    const { held, says, stream } = holding();
    await says('refused');
    const ending = held.end(end(125));
    for (let n = 0; n < 5; n += 1) {
      await turn();
      await turn();
      stream.write(` ${n}`);
    }
    expect(await ending).toMatchObject({ fate: { words: 'refused 0 1 2 3 4' } });
  });

  it('is out, not only on its way, when hermes’s end is told, and when it is let go of', async () => {
    for (const [words, last] of [
      ['\u001eSerror', 'end'],
      ['something else', 'release'],
    ] as const) {
      let left: () => void = () => undefined;
      const out = new Promise<void>((resolve) => {
        left = resolve;
      });
      const { held, says } = holding({ out });
      await says(words);
      const over = waitingFor(last === 'end' ? held.end(end(1)) : held.release());
      expect([last, await over()]).toEqual([last, false]);
      left();
      expect([last, await over()]).toEqual([last, true]);
    }
  });

  it('waits for a reader that is slow, and all of it arrives', async () => {
    let slow = true;
    const { held, says, stream, seen, events } = holding({ takes: () => !slow });
    await says('\u001eSfirst');
    expect(stream.isPaused()).toBe(true);
    await says(' second');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const over = waitingFor(held.end(end(0)));
    await vi.advanceTimersByTimeAsync(1000);
    expect([seen(), await over()]).toEqual(['first', false]);
    // asleep, and not looking all the time
    expect(vi.getTimerCount()).toBe(1);
    slow = false;
    events()?.drained();
    await vi.advanceTimersByTimeAsync(5);
    expect([await over(), seen()]).toEqual([true, 'first second']);
  });

  it('lets the client know that nobody reads any more', async () => {
    const { held, says, stream, events } = holding();
    await says('\u001eS');
    events()?.failed('EPIPE');
    expect(stream.destroyed).toBe(true);
    expect(await held.failed).toMatchObject({ signal: 'SIGPIPE', fate: { is: 'alive' } });
  });

  it('is over, too, where its reader goes away while it is slow', async () => {
    const { held, says, stream, events } = holding({ takes: () => false });
    await says('\u001eSfirst');
    expect(stream.isPaused()).toBe(true);
    events()?.failed('ENOSPC');
    expect(await held.failed).toMatchObject({ code: 1, fate: { is: 'alive', unwritten: 'ENOSPC' } });
    expect(await held.end(end(1))).toEqual(end(1));
  });

  it('breaks nothing where it cannot be read', async () => {
    const { held, says, stream } = holding();
    await says('refused');
    stream.destroy(new Error('read EIO'));
    expect(await held.end(end(125))).toMatchObject({ fate: { is: 'never', words: 'refused' } });
  });

  it('goes to the caller’s stderr, as what that is, which nobody touches before', () => {
    for (const terminal of [true, false]) {
      const open = vi.fn(() => ({ write: () => true, finish: () => Promise.resolve() }));
      holdStderr(terminal, refused, open);
      expect(open.mock.calls).toEqual([[2, terminal, false, expect.anything()]]);
    }
  });
});

describe('a refusal', () => {
  const containerId = 'c'.repeat(64);
  const podman = { engine: 'podman', binary: '/usr/bin/podman', access: { kind: 'direct' } } as const;
  const says = (words: string, via: Parameters<typeof saysRefused>[1]['via'] = podman) =>
    saysRefused(words, { via, containerId });

  it('is what engines say before an exec begins', () => {
    for (const words of [
      `Error: no container with name or ID "${containerId}" found: no such container`,
      'Error: can only create exec sessions on running containers: container state improper',
      'Error: unable to find user nobody: no matching entries in passwd file',
      `Error response from daemon: No such container: ${containerId}`,
      `Error response from daemon: Container ${containerId} is not running`,
      `Error response from daemon: Container ${containerId} is paused, unpause the container before exec`,
    ])
      expect([words, says(words)]).toEqual([words, true]);
  });

  it('is nothing that may be said of a session that has begun', () => {
    for (const words of [
      '',
      'Error: container has already been removed',
      `Error response from daemon: No such container: ${'d'.repeat(64)}`,
      `Error: no exec session with ID ${'d'.repeat(64)} found`,
      'sudo: a password is required',
    ])
      expect([words, says(words)]).toEqual([words, false]);
  });

  it('is sudo’s, too, but not its warning', () => {
    const sudo = { ...podman, access: { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' } } as const;
    expect(says('sudo: a password is required\n', sudo)).toBe(true);
    for (const warning of [
      'sudo: unable to resolve host here: Name or service not known',
      'sudo: unable to resolve host kitty: Name or service not known',
      'sudo: setrlimit(RLIMIT_CORE): Operation not permitted',
      'sudo: unable to send audit message: Operation not permitted',
      'sudo: authentication server not reachable, using cached credentials',
    ])
      expect([warning, says(`${warning}\n`, sudo)]).toEqual([warning, false]);
  });
});
