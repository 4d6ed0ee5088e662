/** The stdin of a client that enters a container without having looked: not read until hermes begins. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { feedWhenBegun } from '../../src/session/client/stdin-feed.ts';
import { startOf } from '../../src/session/plan/session-id.ts';
import type { SourceEvents } from '../../src/session/streams/source.ts';

const turn = () => new Promise(setImmediate);

/** A client's stdin, which takes so many bytes at once, and the caller's, which a process may read in our place. */
function feeding({ pid, takes = 1024 }: { pid?: number; takes?: number } = {}) {
  let events: SourceEvents | undefined;
  let begin: () => void = () => undefined;
  let opened: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const source = { pause: vi.fn(), resume: vi.fn(), close: vi.fn(), pid };
  const open = vi.fn(async (_terminal: boolean, given: SourceEvents) => {
    events = given;
    await isOpen;
    return source;
  });
  const watch = vi.fn();
  const stdin = new PassThrough({ highWaterMark: takes });
  const clientEnded = feedWhenBegun({ started }, { watch }, open)(stdin);
  return {
    ...{ source, open, watch, stdin, clientEnded },
    begins: () => {
      begin();
      return turn();
    },
    isOpened: () => {
      opened();
      return turn();
    },
    events: () => {
      if (events === undefined) throw new Error('nobody reads');
      return events;
    },
  };
}

/** All of it, hermes having begun. */
async function fed(how: { pid?: number; takes?: number } = {}) {
  const all = feeding(how);
  await all.begins();
  await all.isOpened();
  return all;
}

describe('what a person types or pipes into hermes', () => {
  it('is not touched before hermes is known to begin, and then read as what it is, once', async () => {
    const { open, begins, isOpened } = feeding();
    await isOpened();
    expect(open).not.toHaveBeenCalled();
    await begins();
    await begins();
    expect(open).toHaveBeenCalledTimes(1);
    // whatever is fed is no terminal: a client gets that itself
    expect(open).toHaveBeenCalledWith(false, expect.anything());
  });

  it('reaches the client byte for byte, and ends for it as it ends here', async () => {
    const { stdin, events } = await fed();
    const bytes = Buffer.from([0, 255, 10, 13, 27, 195]);
    events().take(bytes.subarray(0, 2));
    events().take(bytes.subarray(2));
    expect(stdin.writableEnded).toBe(false);
    events().ended();
    const read: Buffer[] = [];
    for await (const chunk of stdin) read.push(chunk as Buffer);
    expect(Buffer.concat(read)).toEqual(bytes);
  });

  it('that cannot be read is an empty one', async () => {
    const { stdin, events } = await fed();
    events().failed('EMFILE');
    expect(await stdin.toArray()).toEqual([]);
  });

  it('is read no faster than the client takes it', async () => {
    const { stdin, events, source } = await fed({ takes: 4 });
    expect(events().take(Buffer.from('abc'))).toBe(true);
    expect(events().take(Buffer.from('defgh'))).toBe(false);
    expect(source.resume).not.toHaveBeenCalled();
    stdin.resume();
    await once(stdin, 'drain');
    expect(source.resume).toHaveBeenCalledTimes(1);
    expect(source.close).not.toHaveBeenCalled();
  });

  it('stays the caller’s own where the client ends without hermes: the next attempt reads it', async () => {
    const { open, begins, clientEnded } = feeding();
    clientEnded();
    await begins();
    expect(open).not.toHaveBeenCalled();
  });

  it('is read no more when the client has ended, or hermes closes it', async () => {
    const one = await fed();
    one.clientEnded();
    expect(one.source.close).toHaveBeenCalledTimes(1);
    const other = await fed();
    other.stdin.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await turn();
    expect(other.source.close).toHaveBeenCalledTimes(1);
  });

  it('is read no more either where the client ends while it is being opened, by nobody who is looked after', async () => {
    const { source, watch, stdin, begins, isOpened, clientEnded } = feeding({ pid: process.pid });
    await begins();
    clientEnded();
    expect(source.close).not.toHaveBeenCalled();
    await isOpened();
    expect(source.close).toHaveBeenCalledTimes(1);
    stdin.emit('drain');
    expect(source.resume).not.toHaveBeenCalled();
    expect(watch).not.toHaveBeenCalled();
  });

  it('is read in our place by nobody who would outlive us: the watchdog knows them by pid and start', async () => {
    const { watch } = await fed({ pid: process.pid });
    expect(watch.mock.calls).toEqual([[{ pid: process.pid, start: startOf(process.pid) }]]);
    expect((await fed()).watch).not.toHaveBeenCalled();
  });
});
