/** The stderr of a client that enters a container without having looked: held until hermes begins. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { SinkEvents } from '../../src/session/api/sink.ts';
import { holdStderr } from '../../src/session/client/held-stderr.ts';
import { saysRefused } from '../../src/session/verdict/refusal.ts';

const end = (code: number) => ({ code, signal: null });
const refused = (words: string) => words.includes('refused');

/** A client's stderr, and what the caller has seen of it. */
function holding({ takes = () => true }: { takes?: () => boolean } = {}) {
  let seen = '';
  let events: SinkEvents | undefined;
  const held = holdStderr(false, refused, (_descriptor, _terminal, _atOnce, given) => {
    events = given;
    return {
      write: (bytes) => {
        seen += bytes.toString('latin1');
        return takes();
      },
      finish: () => Promise.resolve(),
    };
  });
  const stream = new PassThrough();
  held.take(stream);
  const says = async (words: string): Promise<void> => {
    stream.write(Buffer.from(words, 'latin1'));
    await new Promise(setImmediate);
  };
  return { held, says, stream, seen: () => seen, events: () => events };
}

describe('what a client says before hermes begins', () => {
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
    }
  });

  it('is seen by nobody where it says that nothing was started', async () => {
    for (const [words, why] of [
      ['refused\n', 'refused'],
      ['\u001eM', 'missing'],
      ['\u001eF', 'forbidden'],
    ]) {
      const { held, says, seen } = holding();
      await says(words ?? '');
      expect(await held.end(end(125))).toMatchObject({ code: 125, fate: { is: 'never', why } });
      expect(seen()).toBe('');
    }
  });

  it('is seen after all where it says nothing of the kind, and once', async () => {
    const { held, says, seen } = holding();
    await says('something else\n');
    expect(await held.end(end(125))).toEqual(end(125));
    expect(seen()).toBe('');
    await held.release();
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

  it('waits for a reader that is slow, and all of it arrives', async () => {
    let slow = true;
    const { held, says, stream, seen, events } = holding({ takes: () => !slow });
    await says('\u001eSfirst');
    expect(stream.isPaused()).toBe(true);
    await says(' second');
    let over = false;
    const ended = held.end(end(0)).then(() => {
      over = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([seen(), over]).toEqual(['first', false]);
    slow = false;
    events()?.drained();
    await ended;
    expect(seen()).toBe('first second');
  });

  it('lets the client know that nobody reads any more', async () => {
    const { held, says, stream, events } = holding();
    await says('\u001eS');
    events()?.failed('EPIPE');
    expect(stream.destroyed).toBe(true);
    expect(await held.failed).toMatchObject({ signal: 'SIGPIPE', fate: { is: 'alive' } });
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
    expect(says('sudo: unable to resolve host here: Name or service not known\n', sudo)).toBe(false);
  });
});
