import { expect, it } from 'vitest';
import { allModes, type EngineMode } from '../../scripts/engines/modes.ts';
import { hasTurn, shareOf } from '../harness/turns.ts';

const waysOf = (nth: number, among: readonly EngineMode[]): EngineMode[] =>
  among.filter((mode) => hasTurn(mode, among, nth));

it('each test runs in one of the ways in which podman is reached by its client, and in all others', () => {
  const others = ['docker', 'docker-client', 'podman-socket'];
  const podmans = [0, 1, 2, 3].map((nth) => {
    const ways = waysOf(nth, allModes);
    expect(ways).toEqual(expect.arrayContaining(others));
    return ways.filter((way) => !others.includes(way));
  });
  expect(podmans).toEqual([['podman-root'], ['podman-sudo'], ['podman-rootless'], ['podman-root']]);
});

it('a single way of podman has every turn', () => {
  for (const nth of [0, 1, 2])
    expect(waysOf(nth, ['docker', 'podman-sudo'])).toEqual(['docker', 'podman-sudo']);
});

it('the ways that share their draws make together as many as any other', () => {
  const two = ['docker', 'podman-sudo', 'podman-rootless', 'podman-socket'] as const;
  const share = (mode: EngineMode): number => shareOf(mode, two, 24);
  expect(share('podman-sudo') + share('podman-rootless')).toBe(share('docker'));
  expect(shareOf('podman-socket', two, 5)).toBe(5);
});
