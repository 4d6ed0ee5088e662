import { afterEach, expect, it, vi } from 'vitest';
import { exitWhenUnread, uninterrupted } from '../../src/companion/uninterrupted.ts';

afterEach(() => void vi.restoreAllMocks());

it('a stdout that nobody reads ends the program, but not in the middle of what must be finished', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  await uninterrupted(async () => exitWhenUnread());
  expect(exit).not.toHaveBeenCalled();
  exitWhenUnread();
  expect(exit).toHaveBeenCalledWith(1);
});

it('also after a work that failed', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  await expect(uninterrupted(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  exitWhenUnread();
  expect(exit).toHaveBeenCalledWith(1);
});
