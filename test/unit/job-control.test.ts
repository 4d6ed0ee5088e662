import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openJobControl } from '../../src/session/client/job-control.ts';

const via = { engine: 'docker', access: { kind: 'direct' }, binary: '/usr/bin/docker' } as const;

describe('Ctrl-Z', () => {
  let stopped = 0;
  let delivered: () => void = () => undefined;
  const sent: string[] = [];
  const open = () =>
    openJobControl({ via, readsTerminal: false } as never, () => undefined, {
      send: (signal: string) => {
        sent.push(signal);
        return signal === 'SIGSTOP'
          ? new Promise<void>((resolve) => (delivered = resolve))
          : Promise.resolve();
      },
    } as never);

  beforeEach(() => {
    stopped = 0;
    sent.length = 0;
    vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
      if (pid === process.pid && signal === 'SIGSTOP') stopped += 1;
      return true;
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  it('pressed twice stops a job once, so that fg goes on with it', async () => {
    const job = open();
    const both = [job('SIGTSTP'), job('SIGTSTP')];
    delivered();
    await Promise.all(both);
    expect([sent, stopped]).toEqual([['SIGSTOP'], 1]);
    await job('SIGCONT');
    const again = job('SIGTSTP');
    delivered();
    await again;
    expect([sent, stopped]).toEqual([['SIGSTOP', 'SIGCONT', 'SIGSTOP'], 2]);
  });

  it('that is taken back by a CONT before the session is stopped does not stop the shim', async () => {
    const job = open();
    const stop = job('SIGTSTP');
    await job('SIGCONT');
    delivered();
    await stop;
    expect(stopped).toBe(0);
  });
});
