import { describe, expect, it } from 'vitest';
import { type Census, isAtWork, signsOf } from '../../src/system/at-work.ts';
import { allowTime, type Silence } from '../../src/system/patience.ts';

const patience = { silentMs: 60, everyMs: 20, longestMs: 200 };

/** Waits for an engine that is seen at work so many times, and then no more. */
const giveUpOn = (busy: number): Promise<Silence> => {
  let left = busy;
  const signs = { watch: () => undefined, seen: () => left-- > 0 };
  return new Promise((resolve) => allowTime(patience, () => Promise.resolve(signs), resolve));
};

describe('an engine that does not answer', () => {
  it('and does nothing is given up after its time', async () => {
    const { waitedMs, busy } = await giveUpOn(0);
    expect(busy).toBe(false);
    expect(waitedMs).toBeGreaterThanOrEqual(58);
  });

  it('but is at work gets more time, until it is not', async () => {
    const { waitedMs, busy } = await giveUpOn(3);
    expect(busy).toBe(false);
    expect(waitedMs).toBeGreaterThanOrEqual(118);
  });

  it('is not waited for for ever, whatever it does', async () => {
    const { waitedMs, busy } = await giveUpOn(Number.POSITIVE_INFINITY);
    expect(busy).toBe(true);
    expect(waitedMs).toBeGreaterThanOrEqual(198);
  });

  it('is not given up once it has answered', async () => {
    const stop = allowTime(
      patience,
      () => Promise.reject(new Error('asked for')),
      () => {
        throw new Error('given up');
      },
    );
    stop();
    expect((await giveUpOn(0)).busy).toBe(false);
  });
});

describe('is an engine at work', () => {
  const facts = (name: string, parent: number, usedMs: number, running = false) => ({
    name,
    parent,
    usedMs,
    running,
  });
  /** sudo, behind which podman waits; another podman of somebody's; and something else that is busy. */
  const census = (podmanMs: number, otherMs = 0, running = false): Census =>
    new Map([
      [10, facts('sudo', 1, 0)],
      [11, facts('podman', 10, 100, running)],
      [20, facts('podman', 5, podmanMs)],
      [30, facts('node', 1, otherMs)],
    ]);

  it('where others of what our command has become use the processor', () => {
    expect(isAtWork(10, census(0), census(1000), 5000)).toBe(true);
    expect(isAtWork(10, new Map(), census(1000), 5000)).toBe(true);
  });

  it('where our command itself runs, or waits for a processor or a disk', () => {
    expect(isAtWork(10, census(0), census(0, 0, true), 5000)).toBe(true);
  });

  it('not where they hardly use it, as the client of a session does, or others do', () => {
    expect(isAtWork(10, census(0), census(100), 5000)).toBe(false);
    expect(isAtWork(10, census(0), census(0, 5000), 5000)).toBe(false);
    expect(isAtWork(99, census(0), census(5000), 5000)).toBe(false);
  });

  it('is told from the processes of this machine', () => {
    const signs = signsOf(process.pid);
    signs.watch();
    // this very process runs
    expect(signs.seen()).toBe(true);
    expect(signsOf(2 ** 22 + 1).seen()).toBe(false);
  });
});
