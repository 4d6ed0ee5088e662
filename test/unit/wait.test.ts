import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sampleCauses } from '../../scripts/causes.ts';
import { awaited, type Cause, mayPass } from '../../src/engine/cause.ts';
import type { LookupResult, Reached } from '../../src/engine/reach.ts';
import { waitUntilReady } from '../../src/engine/wait.ts';
import type { Shortage } from '../../src/report/shortage.ts';

const absent: Cause = { kind: 'absent', engine: 'docker' };
const down: Cause = { kind: 'daemon-down', engine: 'docker', detail: '' };
const paused = sampleCauses.paused[0] as Cause;
const restarting = sampleCauses['not-running'].at(-1) as Cause;
const ready: LookupResult = { kind: 'ready', reached: {} as Reached };
const not = (cause: Cause): LookupResult => ({ kind: 'not-ready', cause });
const target = { containerName: 'hermes-agent', execUser: 'hermes' };

/** Waits with looks that answer in turn (the last one for ever), each taking so many milliseconds; the first was before. */
async function wait(answers: readonly LookupResult[], { budgetMs = 5000, tookMs = 0, first = absent } = {}) {
  const looks: number[] = [];
  const said: string[] = [];
  const begun = performance.now() - tookMs;
  const elapsed = () => performance.now() - begun;
  const waiting = waitUntilReady({
    first,
    budgetMs,
    elapsed,
    target,
    async look() {
      looks.push(Math.round(elapsed()));
      if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
      return answers[Math.min(looks.length, answers.length) - 1] as LookupResult;
    },
    say: (words) => void said.push(words),
  });
  await vi.runAllTimersAsync();
  const lookUp = await waiting;
  return { lookUp, endedMs: Math.round(elapsed()), looks, said };
}

describe('waiting', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('looks every 250 ms until the container is ready', async () => {
    const { lookUp, looks, endedMs } = await wait([not(absent), not(absent), ready]);
    expect(lookUp).toBe(ready);
    expect(looks).toEqual([250, 500, 750]);
    expect(endedMs).toBe(750);
  });

  it('looks for the last time at the end of the budget', async () => {
    const { lookUp, looks, endedMs } = await wait([not(absent)], { budgetMs: 600 });
    expect(looks).toEqual([250, 500, 600]);
    expect([lookUp, endedMs]).toEqual([not(absent), 600]);
  });

  it('does not pile up looks that take longer than the rhythm, nor overrun the budget by more than one', async () => {
    const { looks, endedMs } = await wait([not(absent)], { budgetMs: 1000, tookMs: 400 });
    expect(looks).toEqual([400, 800]);
    expect(endedMs).toBe(1200);
  });

  it('does not look again when the first look alone took longer than the budget', async () => {
    const { lookUp, looks, endedMs } = await wait([ready], { budgetMs: 1000, tookMs: 3300 });
    expect([lookUp, looks, endedMs]).toEqual([not(absent), [], 3300]);
  });

  it('ends at once when the reason cannot pass any more', async () => {
    const { lookUp, looks } = await wait([not(down), not(paused), ready]);
    expect([lookUp, looks.length]).toEqual([not(paused), 2]);
  });

  it('says what is waited for, in changing words', async () => {
    const { said } = await wait([not(absent), not(restarting), ready], { first: down });
    expect(said).toEqual([
      'waiting for docker',
      'waiting for container hermes-agent',
      'waiting for container hermes-agent (restarting)',
    ]);
  });

  it('tells of a restart loop even when the last look saw something else', async () => {
    const missing: Cause = { kind: 'user-missing', engine: 'docker', prefix: 'docker' };
    const { lookUp } = await wait([not(restarting), not(missing)], { budgetMs: 600 });
    expect(lookUp).toEqual(not(restarting));
    expect((await wait([not(restarting), not(paused)])).lookUp).toEqual(not(paused));
    expect((await wait([not(restarting), ready])).lookUp).toBe(ready);
  });
});

describe('what is waited for', () => {
  it('may pass by itself: everything that a start of service, daemon or container mends', () => {
    const passing = Object.values(sampleCauses)
      .flat()
      .filter((cause: Cause) => mayPass(cause))
      .map(({ kind }) => kind);
    expect([...new Set(passing)].sort()).toEqual(
      [
        'absent',
        'binary-missing',
        'binary-not-executable',
        'check-failed',
        'daemon-down',
        'not-running',
        'shortage',
        'user-missing',
      ].sort(),
    );
  });

  it('is told plainly of every cause, yes or no', () => {
    const answers = Object.values(sampleCauses)
      .flat()
      .map((cause: Cause) => mayPass(cause));
    expect(new Set(answers)).toEqual(new Set([true, false]));
  });

  it('may pass where others use it up, and not where it is a limit of ours', () => {
    const passes = (code: Shortage) => mayPass({ kind: 'shortage', engine: 'podman', code });
    expect((['EAGAIN', 'ENFILE', 'ENOMEM'] as const).map(passes)).toEqual([true, true, true]);
    expect((['E2BIG', 'EMFILE'] as const).map(passes)).toEqual([false, false]);
  });

  it('is named by what is missing', () => {
    const words = (kind: keyof typeof sampleCauses) => awaited(sampleCauses[kind][0] as Cause, target);
    expect(words('daemon-down')).toBe('docker');
    expect(words('shortage')).toBe('podman');
    expect(words('not-running')).toBe('container hermes-agent (created)');
    expect(words('user-missing')).toBe('user hermes');
    expect(words('binary-missing')).toBe('/data/current-package/bin/hermes');
    expect(words('binary-not-executable')).toBe('/data/current-package/bin/hermes');
    expect(words('absent')).toBe('container hermes-agent');
    expect(words('check-failed')).toBe('container hermes-agent');
  });
});
