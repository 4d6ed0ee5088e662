/** What a person agreed to is what is done, however long they thought about it. */
import { expect, it } from 'vitest';
import { agree } from '../../../src/companion/agree.ts';
import { describeStep, type Plan, type Step } from '../../../src/managed/plan/steps.ts';

const replace = (why: string): Step => ({ kind: 'put-aside', why, running: true, older: 'none' });
const planned = (...steps: readonly Step[]): { plan: Plan } => ({
  plan: { steps, notes: [], identity: 'x' },
});

/** Answers yes to each question; the world is another one after each. */
async function agreeing(first: { plan: Plan }, after: readonly { plan: Plan }[], sure = false) {
  const told: string[] = [];
  const later = [...after];
  const last = await agree(first, sure, {
    show: ({ steps }) => void told.push(`shown: ${steps.map(({ kind }) => kind).join(' ')}`),
    ask: async (losses) =>
      void told.push(`asked: ${losses.map((loss) => describeStep(loss).split(/[:.] /)[1]).join()}`),
    planAnew: async () => later.shift() ?? first,
  });
  return { last, told, unused: later.length };
}

it('is planned anew after the answer, and the newest plan is carried out', async () => {
  const newest = planned(replace('options'), { kind: 'start' });
  const { last, told } = await agreeing(planned(replace('options')), [newest]);
  expect(last).toBe(newest);
  expect(told).toEqual(['shown: put-aside', 'asked: options', 'shown: put-aside start']);
});

it('is asked again where more would be lost than was agreed to', async () => {
  const newest = planned(replace('image'));
  const { last, told } = await agreeing(planned(replace('options')), [newest, newest]);
  expect(last).toBe(newest);
  expect(told.filter((line) => line.startsWith('asked'))).toEqual(['asked: options', 'asked: image']);
});

it('is not asked again where less is lost', async () => {
  const less = planned({ kind: 'ready' });
  const { last, told } = await agreeing(planned(replace('options')), [less]);
  expect(last).toBe(less);
  expect(told.filter((line) => line.startsWith('asked'))).toHaveLength(1);
});

it.each([
  ['nothing is lost', planned({ kind: 'start' }), false],
  ['--yes was said', planned(replace('options')), true],
] as const)('asks nobody where %s, and plans once', async (_, first, sure) => {
  const { last, told, unused } = await agreeing(first, [planned()], sure);
  expect(last).toBe(first);
  expect([told.length, unused]).toEqual([1, 1]);
});

it('a no is a no', async () => {
  const asking = {
    show: () => undefined,
    ask: () => Promise.reject(new Error('no')),
    planAnew: () => Promise.reject(new Error('planned')),
  };
  await expect(agree(planned(replace('options')), false, asking)).rejects.toThrow('no');
});
