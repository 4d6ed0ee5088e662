import { describe, expect, it } from 'vitest';
import { sampleContainer } from '../../scripts/causes.ts';
import type { EngineAccess } from '../../src/engine/access.ts';
import { isYoung, judgeReadiness, numericUser } from '../../src/engine/readiness.ts';
import { isOwnState } from '../../src/engine/subordinate.ts';

const running = {
  status: 'running',
  word: 'running',
  startedMs: 1_000_000,
  finishedMs: undefined,
  exitCode: 0,
} as const;
const container = sampleContainer(running);
const access: EngineAccess = {
  engine: 'podman',
  binary: '/usr/bin/podman',
  access: { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' },
};
const bin = '/data/hermes';
const exited = (code: number, stdout: string, stderr = '') =>
  ({ kind: 'exited', code, stdout, stderr }) as const;
const judge = (result: Parameters<typeof judgeReadiness>[0]) => judgeReadiness(result, { access, bin });

describe('a young container', () => {
  it('is one that started less than 120 s ago', () => {
    expect(isYoung(container, 1_000_000)).toBe(true);
    expect(isYoung(container, 1_119_999)).toBe(true);
    expect(isYoung(container, 1_120_000)).toBe(false);
    expect(isYoung(sampleContainer({ ...running, startedMs: undefined }), 0)).toBe(false);
  });

  it('is ready when it says so, whatever the code', () => {
    expect(judge(exited(0, 'ready\n'))).toBeUndefined();
    expect(judge(exited(0, 'missing\n'))).toEqual({
      kind: 'binary-missing',
      engine: 'podman',
      bin,
      prefix: 'sudo podman',
    });
    expect(judge(exited(0, 'forbidden\n'))?.kind).toBe('binary-not-executable');
  });

  it('lacks its user, by the words of either engine on either stream', () => {
    const docker = 'unable to find user hermes: no matching entries in passwd file\r\n';
    expect(judge(exited(126, docker))?.kind).toBe('user-missing');
    expect(judge(exited(255, '', `Error: ${docker}`))?.kind).toBe('user-missing');
  });

  it('that gives no answer is told with the engine’s last word', () => {
    expect(judge(exited(1, '', 'one\ntwo\n'))).toMatchObject({ kind: 'check-failed', detail: 'two' });
    expect(judge(exited(126, 'OCI runtime exec failed\n'))).toMatchObject({
      detail: 'OCI runtime exec failed',
    });
    expect(judge({ kind: 'timed-out', waitedMs: 15_000, busy: false })?.kind).toBe('engine-silent');
    expect(judge({ kind: 'not-started', code: 'EAGAIN' })).toMatchObject({
      kind: 'shortage',
      code: 'EAGAIN',
    });
    expect(judge({ kind: 'not-started', code: 'EIO' })).toMatchObject({
      kind: 'check-failed',
      detail: 'EIO',
    });
  });
});

describe('the numbers of a user that never appears', () => {
  const withEnv = (pairs: [string, string][]) => numericUser({ ...container, env: new Map(pairs) });
  it('are the container’s own HERMES_UID and HERMES_GID, both of them and digits only', () => {
    expect(
      withEnv([
        ['HERMES_UID', '995'],
        ['HERMES_GID', '993'],
      ]),
    ).toBe('995:993');
    expect(withEnv([['HERMES_UID', '995']])).toBeUndefined();
    expect(
      withEnv([
        ['HERMES_UID', '-u0'],
        ['HERMES_GID', '993'],
      ]),
    ).toBeUndefined();
    expect(
      withEnv([
        ['HERMES_UID', ''],
        ['HERMES_GID', ''],
      ]),
    ).toBeUndefined();
  });
});

describe('whose state it is', () => {
  const alice = { uid: 1000, name: () => 'alice' };
  const ranges = () => 'bob:100000:65536\nalice:165536:65536\n1000:300000:10\n';
  it('the caller’s own, by their uid or one of their subordinate uids', () => {
    expect(isOwnState(1000, alice, ranges)).toBe(true);
    expect(isOwnState(165_536, alice, ranges)).toBe(true);
    expect(isOwnState(231_071, alice, ranges)).toBe(true);
    expect(isOwnState(300_009, alice, ranges)).toBe(true);
  });
  it('somebody else’s otherwise, and no file is read for a system user', () => {
    expect(isOwnState(100_000, alice, ranges)).toBe(false);
    expect(isOwnState(231_072, alice, ranges)).toBe(false);
    expect(isOwnState(undefined, alice, ranges)).toBe(false);
    const unread = () => {
      throw new Error('read');
    };
    expect(isOwnState(995, alice, unread)).toBe(false);
  });
});
