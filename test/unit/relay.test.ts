/** A `cat` between hermes and a descriptor that cannot be opened anew, while a whole unit is told to end. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { relaySink } from '../../src/session/streams/relay-sink.ts';
import { relayStdin } from '../../src/session/streams/stdin-relay.ts';
import { ignores } from './shells.ts';

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
const children = (): readonly number[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** The `cat` that this starts, once it is one. */
async function catOf<T>(start: () => T): Promise<{ started: Awaited<T>; pid: number }> {
  const before = children();
  const started = await start();
  const pid = await vi.waitFor(
    () => {
      const found = children().find((child) => !before.includes(child) && commandOf(child) === 'cat');
      if (found === undefined) throw new Error('there is no cat yet');
      return found;
    },
    { timeout: 60_000, interval: 5 },
  );
  return { started, pid };
}

describe('a relay', () => {
  it('hands on what hermes says at its end, whatever signal the whole unit was sent', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
    const file = openSync(join(dir, 'journal'), 'w');
    const failed = vi.fn();
    const { started, pid } = await catOf(() => relaySink(file, { drained: () => undefined, failed }));
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const) process.kill(pid, signal);
    started.write(Buffer.from('the last words'));
    await started.finish();
    closeSync(file);
    expect(readFileSync(join(dir, 'journal'), 'utf8')).toBe('the last words');
    expect(failed).not.toHaveBeenCalled();
    rmSync(dir, { recursive: true });
  });

  it('of a terminal’s input goes on after a Ctrl-C that hermes survives, and ends with the session', async () => {
    const { started: relay, pid } = await catOf(relayStdin);
    expect(relay?.pid).toBe(pid);
    // HUP, INT, QUIT, TERM
    expect([1, 2, 3, 15].filter((signal) => ignores(pid, signal))).toEqual([2, 3]);
    relay?.started();
    relay?.end();
    await vi.waitFor(() => expect(children()).not.toContain(pid), { timeout: 60_000, interval: 5 });
  });
});
