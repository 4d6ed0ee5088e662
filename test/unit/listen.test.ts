import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, listenNoMore } from '../../src/system/listen.ts';
import { dieBy, endTied, tie } from '../../src/system/tied.ts';

/** What nobody else sends to a test. */
const signal = 'SIGUSR2';
const all = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', signal] as const;

afterEach(() => listenNoMore(all));

/** By whom a signal is heard which the kernel has delivered, and node has not told yet, while `meanwhile` happens. */
async function heardAfter(meanwhile: (told: (who: string) => () => void) => void): Promise<string[]> {
  const heard: string[] = [];
  const told = (who: string) => () => void heard.push(who);
  listen([signal], told('first'));
  await turn();
  process.kill(process.pid, signal);
  meanwhile(told);
  for (let turns = 0; turns < 5; turns += 1) await turn();
  return heard;
}

describe('a signal that has come and was not told yet', () => {
  it('is heard by whoever listens next', async () => {
    expect(await heardAfter((told) => listen([signal], told('second')))).toEqual(['second']);
  });

  it('is heard by whoever listens after a probe that was tied to us has ended', async () => {
    const heard = await heardAfter((told) => {
      dieBy([signal]);
      const untie = tie(() => undefined);
      untie();
      listen([signal], told('session'));
    });
    expect(heard).toEqual(['session']);
  });

  it('is heard by nobody where there was a moment without a listener, which is why there must be none', async () => {
    const heard = await heardAfter((told) => {
      listenNoMore([signal]);
      listen([signal], told('second'));
    });
    expect(heard).toEqual([]);
  });
});

describe('what a signal ends with us', () => {
  it('is what is tied to us then', () => {
    const ended: string[] = [];
    const untie = tie(() => void ended.push('first'));
    tie(() => void ended.push('second'));
    untie();
    endTied();
    expect(ended).toEqual(['second']);
  });

  it('leaves the caller’s will alone: who ignores a signal goes on ignoring it', () => {
    const ignore = (): void => undefined;
    process.on('SIGHUP', ignore);
    tie(() => undefined);
    dieBy(['SIGHUP']);
    expect(process.listeners('SIGHUP')).toEqual([ignore]);
    process.removeListener('SIGHUP', ignore);
  });
});
