import { describe, expect, it } from 'vitest';
import { isElsewhere } from '../../src/session/survivor.ts';

const [ours, theirs] = ['a1'.repeat(32), 'b2'.repeat(32)];

describe("another container's processes are not taken for a session that outlived its client", () => {
  it.each([
    `12:cpu:/docker/${theirs}\n0::/\n`,
    `0::/system.slice/docker-${theirs}.scope\n`,
    `0::/machine.slice/libpod-${theirs}.scope/container\n`,
  ])('%j names another', (cgroup) => {
    expect(isElsewhere(cgroup, theirs)).toBe(false);
    expect(isElsewhere(cgroup, ours)).toBe(true);
  });

  it('a container without a cgroup of its own may be ours', () => {
    expect(isElsewhere('0::/user.slice/user-1000.slice/session-2.scope\n', ours)).toBe(false);
    expect(isElsewhere('', ours)).toBe(false);
  });

  it('ours inside another is ours', () => {
    expect(isElsewhere(`0::/docker/${theirs}/docker/${ours}\n`, ours)).toBe(false);
  });
});
