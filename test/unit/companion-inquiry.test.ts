import { expect, it } from 'vitest';
import { chooseBin, readFindings } from '../../src/companion/inquiry.ts';

it('a home that is not yet the user hermes is unsettled; one uid with two names has the first', () => {
  const settled = readFindings('owner 1000:1000\nuser hermes\nhermes 1000\nuser alias\nfamily /x/hermes\n');
  expect(settled).toEqual({
    owner: '1000:1000',
    user: 'hermes',
    unsettled: false,
    bins: [{ path: '/x/hermes', siblings: true }],
  });
  expect(readFindings('owner 0:0\nuser root\nhermes 10000\n')).toMatchObject({
    user: 'root',
    unsettled: true,
  });
  // without a user of that name there is nothing to wait for
  expect(readFindings('owner 1000:100\n')).toMatchObject({ user: '1000:100', unsettled: false, bins: [] });
});

it('a user runs the hermes with hermes-agent beside it, root the first: that one gives root up', () => {
  const bins = [
    { path: '/opt/hermes/bin/hermes', siblings: false },
    { path: '/opt/hermes/.venv/bin/hermes', siblings: true },
  ];
  for (const user of ['hermes', '10000:10000', 'rooted'])
    expect(chooseBin(bins, user)).toBe('/opt/hermes/.venv/bin/hermes');
  for (const root of ['root', '0', '0:0', 'root:hermes'])
    expect(chooseBin(bins, root)).toBe('/opt/hermes/bin/hermes');
  expect(chooseBin(bins.slice(0, 1), 'hermes')).toBe('/opt/hermes/bin/hermes');
  expect(chooseBin([], 'hermes')).toBeUndefined();
});
