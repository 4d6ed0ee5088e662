import { describe, expect, it } from 'vitest';
import type { EngineAccess } from '../../src/engine/access.ts';
import { toCause } from '../../src/engine/probe-cause.ts';
import type { ProbeResult } from '../../src/engine/probe-result.ts';

const direct: EngineAccess = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } };
const elevated = (tool: 'sudo' | 'doas'): EngineAccess => ({
  engine: 'podman',
  binary: '/usr/bin/podman',
  access: { kind: 'sudo', tool, binary: `/usr/bin/${tool}` },
});

type NotFound = Exclude<ProbeResult, { kind: 'found' }>;

describe('a probe that found no container tells why, with what a remedy needs', () => {
  it.each<[NotFound, object]>([
    [{ kind: 'absent' }, { kind: 'absent', engine: 'docker', prefix: 'docker' }],
    [
      { kind: 'daemon-down', detail: 'no socket' },
      { kind: 'daemon-down', engine: 'docker', detail: 'no socket' },
    ],
    [
      { kind: 'forbidden', detail: 'permission denied' },
      { kind: 'socket-forbidden', engine: 'docker', binary: direct.binary, detail: 'permission denied' },
    ],
    [
      { kind: 'silent', waitedMs: 15_000, busy: true },
      { kind: 'engine-silent', engine: 'docker', waitedMs: 15_000, busy: true },
    ],
    [
      { kind: 'not-startable', detail: 'E2BIG' },
      { kind: 'shortage', engine: 'docker', code: 'E2BIG' },
    ],
    [
      { kind: 'not-startable', detail: 'EACCES' },
      { kind: 'engine-not-executable', engine: 'docker', file: direct.binary, detail: 'EACCES' },
    ],
    [
      { kind: 'nonsense', detail: '<html>' },
      { kind: 'engine-nonsense', engine: 'docker', detail: '<html>' },
    ],
  ])('%j', (result, cause) => {
    expect(toCause(result, direct)).toEqual(cause);
  });

  it('the command that a person should type begins as ours did', () => {
    expect(toCause({ kind: 'absent' }, elevated('sudo'))).toMatchObject({ prefix: 'sudo podman' });
    expect(toCause({ kind: 'absent' }, elevated('doas'))).toMatchObject({ prefix: 'doas podman' });
  });

  it('a refusal names whoever refused, so that the rule for the right program is shown', () => {
    const refused: NotFound = { kind: 'refused', refusal: 'password', detail: 'a password is required' };
    const cause = { kind: 'sudo-refused', refusal: 'password', detail: 'a password is required' };
    const inPodman = { ...cause, engine: 'podman', binary: '/usr/bin/podman' };
    expect(toCause(refused, elevated('doas'))).toEqual({ ...inPodman, tool: 'doas' });
    expect(toCause(refused, elevated('sudo'))).toEqual({ ...inPodman, tool: 'sudo' });
    expect(toCause(refused, direct)).toMatchObject({ engine: 'docker', tool: 'sudo' });
  });
});
