import { describe, expect, it, vi } from 'vitest';
import type { ProbeResult } from '../../src/engine/probe-result.ts';
import { watchSilence } from '../../src/session/client/silence.ts';

const hangs: ProbeResult = { kind: 'silent', waitedMs: 15_000, busy: false };

describe('an engine that is to enter a known container', () => {
  it('counts as hanging when hermes does not begin and a probe gets no answer', async () => {
    const answers: ProbeResult[] = [{ kind: 'absent' }, hangs];
    const ask = vi.fn(async () => answers.shift() ?? hangs);
    const watch = watchSilence(new Promise(() => undefined), ask, 1);
    expect(await watch.silent).toEqual({ waitedMs: 15_001, busy: false });
    // the first one answered: it was only slow
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is asked nothing when hermes begins in time, or the client ends', async () => {
    vi.useFakeTimers();
    try {
      const ask = vi.fn(async () => hangs);
      watchSilence(Promise.resolve(), ask, 1000);
      watchSilence(new Promise(() => undefined), ask, 1000).stop();
      await vi.advanceTimersByTimeAsync(10_000);
      expect(ask).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not count as hanging when hermes begins while it is asked', async () => {
    let begin: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const said = vi.fn();
    const watch = watchSilence(
      started,
      async () => {
        begin();
        await started;
        return hangs;
      },
      1,
    );
    void watch.silent.then(said);
    await started;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(said).not.toHaveBeenCalled();
  });
});
