import { describe, expect, it } from 'vitest';
import { waitBudgetMs } from '../../src/engine/budget.ts';

describe('how long is waited', () => {
  it('5 s for people, 10 s for scripts', () => {
    expect([waitBudgetMs({}, true), waitBudgetMs({}, false)]).toEqual([5000, 10_000]);
    expect(waitBudgetMs({ HERMES_SHIM_WAIT: '' }, true)).toBe(5000);
  });

  it.each([
    ['0', 0],
    ['0.25', 250],
    ['30', 30_000],
    ['86400', 86_400_000],
  ])('HERMES_SHIM_WAIT=%s is %d ms for both', (asked, ms) => {
    for (const person of [true, false]) expect(waitBudgetMs({ HERMES_SHIM_WAIT: asked }, person)).toBe(ms);
  });

  it('more than a day is refused as such', () => {
    const refused = () => waitBudgetMs({ HERMES_SHIM_WAIT: '86401' }, true);
    expect(refused).toThrow(/^HERMES_SHIM_WAIT is '86401', which is more than a day \(86400\)$/);
  });

  it.each(['-1', '1e3', 'five', '1 ', '.5', '5s', 'Infinity', '0x10', '\u001b[31m'])(
    'HERMES_SHIM_WAIT=%j is refused, with an example',
    (asked) => {
      const refused = () => waitBudgetMs({ HERMES_SHIM_WAIT: asked }, true);
      expect(refused).toThrow(/^HERMES_SHIM_WAIT is '.*', which is no number of seconds$/);
      expect(refused).not.toThrow(/\u001b/);
    },
  );
});
