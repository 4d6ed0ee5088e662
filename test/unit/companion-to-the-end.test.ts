import { afterEach, expect, it, vi } from 'vitest';
import { endUnread, toTheEnd } from '../../src/companion/to-the-end.ts';

afterEach(() => void vi.restoreAllMocks());

it('a stdout that nobody reads ends the program, but not in the middle of what must be finished', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  await toTheEnd(async () => endUnread());
  expect(exit).not.toHaveBeenCalled();
  endUnread();
  expect(exit).toHaveBeenCalledWith(1);
});

it('also after a work that failed', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  await expect(toTheEnd(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  endUnread();
  expect(exit).toHaveBeenCalledWith(1);
});
