import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openWaitLine } from '../../src/engine/wait-line.ts';

const shown: string[] = [];
const started = vi.fn();
vi.mock('../../src/engine/spinner.ts', () => ({
  startSpinner: async (words: string, caller: unknown) => {
    started(words, caller);
    return {
      say: (next: string) => void shown.push(next),
      stop: () => void shown.push('(stopped)'),
    };
  },
}));

const caller = { env: { TERM: 'xterm' }, ignored: ['SIGHUP'] as const };
const loaded = () => vi.waitFor(() => expect(started).toHaveBeenCalled());

beforeEach(() => void shown.splice(0));
afterEach(() => void started.mockClear());

describe('the line that a person sees of a wait', () => {
  it('does not come up when there was nothing to say', async () => {
    await openWaitLine(caller).stop();
    expect([started.mock.calls, shown]).toEqual([[], []]);
  });

  it('comes up once, for its caller, with the latest words, and goes when the wait is over', async () => {
    const line = openWaitLine(caller);
    line.say('waiting for docker');
    line.say('waiting for container hermes-agent');
    await vi.waitFor(() => expect(shown).toContain('waiting for container hermes-agent'));
    line.say('waiting for user hermes');
    await vi.waitFor(() => expect(shown.at(-1)).toBe('waiting for user hermes'));
    await line.stop();
    expect(started.mock.calls).toEqual([['waiting for container hermes-agent', caller]]);
    expect(shown.at(-1)).toBe('(stopped)');
  });

  it('does not come up any more when the wait ended while the spinner was loaded', async () => {
    const line = openWaitLine(caller);
    line.say('waiting for docker');
    await line.stop();
    expect([started.mock.calls, shown]).toEqual([[], []]);
  });

  it('says nothing once it is gone: what stands there then is hermes’s', async () => {
    const line = openWaitLine(caller);
    line.say('waiting for docker');
    await loaded();
    const stopped = line.stop();
    line.say('waiting for user hermes');
    await stopped;
    line.say('waiting for user hermes');
    await new Promise((resolve) => setImmediate(resolve));
    expect(shown.filter((words) => words.includes('user'))).toEqual([]);
    expect(shown.at(-1)).toBe('(stopped)');
  });
});
