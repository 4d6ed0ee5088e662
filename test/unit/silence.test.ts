import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProbeResult } from '../../src/engine/probe-result.ts';
import { watchSilence } from '../../src/session/control/silence.ts';
import { enginePatience, type Silence } from '../../src/system/patience.ts';

const hangs: ProbeResult = { kind: 'silent', waitedMs: 15_000, busy: false };

describe('an engine that is to enter a known container', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  /** Watches an engine that answers so, the last for ever, after as many milliseconds; hermes begins when told. */
  function watching(
    answers: readonly ProbeResult[],
    { everyMs, tookMs = 0 }: { everyMs?: number; tookMs?: number } = {},
  ) {
    let begin: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const ask = vi.fn(async () => {
      const answer = answers[Math.min(ask.mock.calls.length, answers.length) - 1] ?? hangs;
      if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
      return answer;
    });
    const said: Silence[] = [];
    const watch = watchSilence(started, ask, everyMs);
    void watch.silent.then((silence) => said.push(silence));
    return { ask, said, begin, stop: watch.stop };
  }

  it('counts as hanging when hermes does not begin and a probe gets no answer', async () => {
    const { ask, said } = watching([{ kind: 'absent' }, hangs], { everyMs: 1000 });
    await pass(999);
    expect(ask).not.toHaveBeenCalled();
    await pass(1);
    // the first one answered: it was only slow
    expect([ask.mock.calls.length, said]).toEqual([1, []]);
    await pass(1000);
    expect(said).toEqual([{ waitedMs: 16_000, busy: false }]);
    await pass(60_000);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('that was at work until the end is told as such', async () => {
    const { said } = watching([{ kind: 'silent', waitedMs: 120_000, busy: true }], { everyMs: 1000 });
    await pass(1000);
    expect(said).toEqual([{ waitedMs: 121_000, busy: true }]);
  });

  it('is asked after five seconds, and again so long after each answer, never twice at once', async () => {
    const { ask } = watching([{ kind: 'absent' }], { tookMs: 4000 });
    const every = enginePatience.everyMs;
    await pass(every - 1);
    expect(ask).not.toHaveBeenCalled();
    await pass(1);
    expect(ask).toHaveBeenCalledTimes(1);
    await pass(4000 + every - 1);
    expect(ask).toHaveBeenCalledTimes(1);
    await pass(1);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is asked nothing when hermes begins in time, or the client ends', async () => {
    const one = watching([hangs], { everyMs: 1000 });
    const other = watching([hangs], { everyMs: 1000 });
    one.begin();
    other.stop();
    await pass(10_000);
    expect(one.ask).not.toHaveBeenCalled();
    expect(other.ask).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not count as hanging when hermes begins or the client ends while it is asked', async () => {
    for (const answer of [hangs, { kind: 'absent' } as const])
      for (const end of ['begin', 'stop'] as const) {
        const watch = watching([answer], { everyMs: 1000, tookMs: 500 });
        await pass(1000);
        watch[end]();
        await pass(60_000);
        expect([watch.said, watch.ask.mock.calls.length, vi.getTimerCount()]).toEqual([[], 1, 0]);
      }
  });
});
