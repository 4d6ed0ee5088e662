import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stateCommand } from '../../src/engine/transport/transport.ts';
import { toLiveness } from '../../src/session/control/container-liveness.ts';
import { type Finding, toFinding } from '../../src/session/control/control-script.ts';
import type { HandledSignal } from '../../src/session/control/signals.ts';
import { endsAtOnce, watchUndeliverable } from '../../src/session/control/undeliverable.ts';
import { hasLostTerminal } from '../../src/session/streams/terminal-state.ts';
import { readSearch } from '../../src/session/verdict/note.ts';
import type { CommandResult } from '../../src/system/run-command.ts';

describe('what runs in the container', () => {
  it('answers with its last word, and anything else is no answer', () => {
    expect(toFinding('found\ndelivered\n')).toBe('delivered');
    for (const said of ['', 'found\n', 'Container is paused\n', 'gone already\n'])
      expect(toFinding(said)).toBe('unknown');
  });
});

describe('a signal that does not get through', () => {
  const sent = (signal: HandledSignal, at: number, finding?: 'delivered' | 'gone') => ({
    signal,
    at,
    finding,
  });

  it('ends the shim when a person sends another', () => {
    expect(endsAtOnce('SIGINT', 2000, [sent('SIGINT', 0)])).toBe(true);
    expect(endsAtOnce('SIGTERM', 2000, [sent('SIGINT', 0)])).toBe(true);
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const)
      expect([signal, endsAtOnce(signal, 1000, [sent(signal, 0)])]).toEqual([signal, true]);
    // of several, one that is stuck is enough
    expect(endsAtOnce('SIGINT', 9000, [sent('SIGINT', 0, 'delivered'), sent('SIGINT', 5000)])).toBe(true);
  });

  it('is not taken for a person’s where several come together, nor where the first has arrived', () => {
    expect(endsAtOnce('SIGHUP', 400, [sent('SIGHUP', 0)])).toBe(false);
    expect(endsAtOnce('SIGHUP', 60_999, [sent('SIGHUP', 60_000)])).toBe(false);
    expect(endsAtOnce('SIGINT', 9000, [sent('SIGINT', 0, 'delivered')])).toBe(false);
    expect(endsAtOnce('SIGINT', 9000, [])).toBe(false);
  });

  it('ends nothing where it asks for no end', () => {
    expect(endsAtOnce('SIGUSR1', 9000, [sent('SIGTERM', 0)])).toBe(false);
    expect(endsAtOnce('SIGTERM', 9000, [sent('SIGUSR1', 0)])).toBe(false);
  });
});

describe('while a signal is on its way', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** What the shim does about signals, each with the way that it takes. */
  function watching() {
    let clientEnded = false;
    const endedBy: HandledSignal[] = [];
    const { givenUp, ...undeliverable } = watchUndeliverable({ clientEnded: () => clientEnded });
    void givenUp.then((signal) => endedBy.push(signal));
    return {
      ...undeliverable,
      endedBy,
      endClient: () => {
        clientEnded = true;
      },
      /** @returns what says later where it got to */
      send: (signal: HandledSignal) => {
        let say: (finding: Finding) => void = () => undefined;
        const delivery = new Promise<{ finding: Finding }>((resolve) => {
          say = (finding) => resolve({ finding });
        });
        undeliverable.watch(signal, delivery);
        return say;
      },
    };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it('the shim waits ten seconds for it to arrive, and then ends by it', async () => {
    const { send, endedBy } = watching();
    send('SIGTERM');
    await pass(9999);
    expect(endedBy).toEqual([]);
    await pass(1);
    expect(endedBy).toEqual(['SIGTERM']);
  });

  it('a person’s second one ends the shim at once, by that', async () => {
    const { send, endedBy } = watching();
    send('SIGINT');
    await pass(999);
    send('SIGINT');
    await pass(0);
    expect(endedBy).toEqual([]);
    await pass(1);
    send('SIGQUIT');
    await pass(0);
    expect(endedBy).toEqual(['SIGQUIT']);
  });

  it('nothing ends by one that arrives, however late, nor by another after it', async () => {
    const { send, endedBy, endClient } = watching();
    const say = send('SIGINT');
    await pass(5000);
    say('delivered');
    await pass(5000);
    // nobody looks after it any more
    expect(vi.getTimerCount()).toBe(0);
    send('SIGINT')('delivered');
    endClient();
    await pass(60_000);
    expect(endedBy).toEqual([]);
  });

  it('one that asks for no end is tried for as long as there is a client', async () => {
    const { send, endedBy, endClient } = watching();
    send('SIGUSR1');
    await pass(60_000);
    expect(endedBy).toEqual([]);
    endClient();
    await pass(10_000);
    expect(endedBy).toEqual(['SIGUSR1']);
  });

  it('a client that stays when its session has ended is not waited for', async () => {
    const { send, endedBy } = watching();
    send('SIGUSR2')('gone');
    await pass(9999);
    expect(endedBy).toEqual([]);
    await pass(1);
    expect(endedBy).toEqual(['SIGUSR2']);
  });

  it('a client that ends with its session has the last word', async () => {
    const { send, endedBy, endClient } = watching();
    send('SIGTERM')('gone');
    endClient();
    await pass(60_000);
    expect(endedBy).toEqual([]);
  });

  it('somebody else can end the shim by it, and nobody any more when the session is over', async () => {
    const { send, stop, endedBy, giveUp } = watching();
    send('SIGTERM');
    send('SIGUSR1');
    stop();
    await pass(60_000);
    expect([endedBy, vi.getTimerCount()]).toEqual([[], 0]);
    giveUp('SIGHUP');
    await pass(0);
    expect(endedBy).toEqual(['SIGHUP']);
  });
});

describe('a container in which nobody can be asked', () => {
  const exited = (code: number, stdout: string, stderr = ''): CommandResult => ({
    kind: 'exited',
    code,
    stdout,
    stderr,
  });

  it('holds no session any more where it does not run or does not exist', () => {
    for (const status of [
      ...['created', 'configured', 'initialized'],
      ...['exited', 'stopped', 'dead', 'removing'],
    ])
      expect([status, toLiveness(exited(0, `${status}\n`))]).toEqual([status, 'over']);
    for (const words of [
      'Error: No such container: x\n',
      'Error: no such object: "x"',
      'Error: no container with name or ID "x" found: no such container',
      'Error: no container with name or ID x found: no such ctr',
    ])
      expect([words, toLiveness(exited(1, '', words))]).toEqual([words, 'over']);
  });

  it('may hold one where it is paused or the engine does not say', () => {
    for (const status of ['paused', 'running', 'stopping', ''])
      expect(toLiveness(exited(0, `${status}\n`))).toBe('perhaps');
    expect(toLiveness(exited(1, '', 'Cannot connect to the Docker daemon at unix:///x'))).toBe('perhaps');
    expect(toLiveness({ kind: 'timed-out', waitedMs: 1, busy: false })).toBe('perhaps');
    expect(toLiveness({ kind: 'not-started', code: 'EAGAIN' })).toBe('perhaps');
  });

  it('is asked for by its id', () => {
    const via = { engine: 'podman', binary: '/usr/bin/podman', access: { kind: 'direct' } } as const;
    expect(stateCommand(via, 'abc').at(-1)).toBe('abc');
  });
});

describe('a closed terminal', () => {
  const stat = (terminal: number) => `4 (node) S 1 4 4 ${terminal} 4 0`;

  it('is one that this process had and has no more', () => {
    expect(hasLostTerminal(stat(34816), stat(0))).toBe(true);
    expect(hasLostTerminal(stat(34816), stat(34816))).toBe(false);
    expect(hasLostTerminal(stat(0), stat(0))).toBe(false);
  });
});

describe('a look for a note', () => {
  it('tells one that was removed from one that was never written', () => {
    expect(readSearch('never\n')).toBe('never');
    expect(readSearch('none\n')).toBe('none');
    expect(readSearch('note started\n')).toBe('started');
    expect(readSearch('sh: not found\n')).toBe('unknown');
  });
});
