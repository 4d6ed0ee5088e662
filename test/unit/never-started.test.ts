import { describe, expect, it } from 'vitest';
import type { Reached } from '../../src/engine/reach.ts';
import type { Caller } from '../../src/route/caller.ts';
import type { ContainerRoute } from '../../src/route/decide.ts';
import { endAfterSignals, endedWithSession, sessionMayLive } from '../../src/session/verdict/ending.ts';
import { causeOf } from '../../src/session/verdict/never-started.ts';

const nowMs = Date.parse('2026-01-01T00:10:00Z');

/** A start that came to nothing in a container that has run for so many seconds. */
function never(
  why: 'refused' | 'missing' | 'forbidden',
  upSeconds: number,
  more: { long?: boolean; again?: boolean; words?: string } = {},
) {
  const reached = {
    via: { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } },
    container: { state: { startedMs: nowMs - upSeconds * 1000 } },
  } as Reached;
  const route = { metadata: { hermesBin: '/data/bin/hermes' } } as ContainerRoute;
  const caller = { name: 'hermes' } as Caller;
  const { long = false, again = false, words = '' } = more;
  return causeOf({ fate: { is: 'never', why, words }, reached, route, caller, long, again }, nowMs);
}

describe('a start of which the engine says that it started nothing', () => {
  it('is looked at again, and waited for, where what is missing may only not be there yet', () => {
    expect(never('refused', 10)).toBeUndefined();
    expect(never('refused', 1000)).toBeUndefined();
    expect(never('missing', 10)).toBeUndefined();
    expect(never('forbidden', 10)).toBeUndefined();
  });

  it('is told at once where the container is up for long and hermes is not in it', () => {
    expect(never('missing', 1000)).toEqual({
      ...{ kind: 'binary-missing', engine: 'docker', bin: '/data/bin/hermes', prefix: 'docker' },
    });
    expect(never('forbidden', 1000)).toMatchObject({ kind: 'binary-not-executable' });
  });

  it('is tried once more at most: then it is told in the engine’s words', () => {
    expect(never('refused', 10, { again: true, words: 'first\nunable to find user x\r\n' })).toMatchObject({
      kind: 'check-failed',
      detail: 'unable to find user x',
    });
    expect(never('missing', 10, { again: true })).toMatchObject({ kind: 'binary-missing' });
  });

  it('is not tried again where the arguments do not fit', () => {
    const words = 'exec /bin/sh: argument list too long';
    expect(never('refused', 10, { long: true, words })).toEqual({
      kind: 'shortage',
      engine: 'docker',
      code: 'E2BIG',
    });
    expect(never('refused', 10, { long: false, words })).toBeUndefined();
  });
});

describe('what the API knows of a session’s end', () => {
  const end = (is: 'ended' | 'lost' | 'unknown' | 'alive', code = 3) =>
    ({ code, signal: null, fate: { is } }) as const;
  const delivery = { finding: 'delivered', clientFirst: true } as const;

  it('needs no guess: a code that a client might have of its own is the session’s', () => {
    for (const code of [0, 1, 2, 125, 255]) {
      expect(sessionMayLive({ code, signal: null })).toBe(true);
      expect(sessionMayLive(end('ended', code))).toBe(false);
      expect(sessionMayLive(end('lost', code))).toBe(false);
      expect(endedWithSession({ client: end('ended', code), delivery, state: undefined })).toBe(true);
    }
  });

  it('is that it may go on where the connection broke, so that it is ended', () => {
    expect(sessionMayLive(end('alive', 3))).toBe(true);
    expect(sessionMayLive(end('unknown', 3))).toBe(true);
  });

  it('is that it never began, so that a signal that came meanwhile ends the shim', () => {
    const client = { code: 125, signal: null, fate: { is: 'never', why: 'refused', words: '' } } as const;
    const believed = endedWithSession({ client, delivery, state: undefined });
    expect(believed).toBe(false);
    expect(endAfterSignals(['SIGINT'], client, believed)).toEqual({ kind: 'signal', signal: 'SIGINT' });
  });
});
