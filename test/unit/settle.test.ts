/** How a session ended, where signals came and the connection to it is lost. */
import { describe, expect, it } from 'vitest';
import type { SessionControl } from '../../src/session/control/session-control.ts';
import type { HandledSignal } from '../../src/session/control/signals.ts';
import type { ClientEnd } from '../../src/session/verdict/ending.ts';
import { settle } from '../../src/session/verdict/settle.ts';

/** What is asked of a session that lives until it is hung up. */
function living() {
  const asked: string[] = [];
  const answer = (word: string, finding: 'alive' | 'gone') => async () => {
    asked.push(word);
    return finding;
  };
  const control = {
    state: answer('state', 'alive'),
    gone: answer('gone', 'gone'),
    hangUp: answer('hangUp', 'gone'),
  } as unknown as SessionControl;
  return { asked, control };
}

async function settled(clientEnd: ClientEnd, signals: readonly (readonly [HandledSignal, number])[]) {
  const { asked, control } = living();
  const outcome = await settle({
    client: { process: undefined, ended: Promise.resolve(clientEnd), signal: () => undefined },
    clientEnd,
    received: signals.map(([signal, agoMs]) => ({
      signal,
      delivery: Promise.resolve({ finding: 'delivered', clientFirst: false } as const),
      at: performance.now() - agoMs,
    })),
    control,
    session: { terminal: false, settings: undefined, address: { containerId: 'x' } },
  });
  return { asked, outcome };
}

const broken: ClientEnd = { code: 255, signal: null, fate: { is: 'alive' } };
const full: ClientEnd = { code: 1, signal: null, fate: { is: 'alive', unwritten: 'ENOSPC' } };
const unread: ClientEnd = { code: null, signal: 'SIGPIPE', fate: { is: 'alive' } };
const hour = 3_600_000;

describe('a session that goes on without its caller', () => {
  it.each([
    ['a connection that breaks', broken, { kind: 'code', code: 255 }],
    ['a full disk', full, { kind: 'code', code: 1 }],
    ['an output that nobody reads', unread, { kind: 'signal', signal: 'SIGPIPE' }],
  ] as const)('is hung up, and a signal of long ago is not the reason: %s', async (_, end, ending) => {
    for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
      const { asked, outcome } = await settled(end, [[signal, hour]]);
      expect([signal, outcome.ending, outcome.fate, asked]).toEqual([signal, ending, end.fate, ['hangUp']]);
    }
  });

  it('is hung up after a signal that asked for no end, however short ago', async () => {
    const { asked, outcome } = await settled(broken, [['SIGUSR1', 10]]);
    expect([outcome.ending, asked]).toEqual([{ kind: 'code', code: 255 }, ['hangUp']]);
  });

  it('may take its time to end after a signal that came just now, by which the shim ends', async () => {
    const { asked, outcome } = await settled(broken, [
      ['SIGINT', hour],
      ['SIGTERM', 10],
    ]);
    expect([outcome.ending, asked]).toEqual([{ kind: 'signal', signal: 'SIGTERM' }, ['state', 'gone']]);
  });
});
