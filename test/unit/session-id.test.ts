import { readFileSync, readlinkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { newSessionId, type ProcLook, parseSessionId, pidScope } from '../../src/session/plan/session-id.ts';

const stat = (start: string) => `7 (sh) S ${Array.from({ length: 18 }, () => 0).join(' ')} ${start} 0`;

/** A /proc of this boot and these namespaces; a path that it does not have throws. */
function proc(files: Record<string, string>): ProcLook {
  const look = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  };
  return { file: look, link: look };
}
const [boot, pidSpace, timeSpace] = [
  '/proc/sys/kernel/random/boot_id',
  '/proc/self/ns/pid',
  '/proc/self/ns/time',
];
const here = { [boot]: '0b5c\n', [pidSpace]: 'pid:[4026531836]', [timeSpace]: 'time:[4026531834]' };

describe('a session’s id', () => {
  it('names this process by pid and start time, for any place and start', () => {
    const place = fc.option(fc.stringMatching(/^[0-9a-z]{1,8}$/), { nil: '' });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), place, (start, where) => {
        expect(parseSessionId(newSessionId(stat(String(start)), where))).toEqual({
          hostPid: process.pid,
          hostStart: String(start),
          random: expect.stringMatching(/^[0-9a-z]{1,10}$/),
          place: where || undefined,
        });
      }),
    );
  });

  it('is another each time, in the same place', () => {
    const ids = Array.from({ length: 50 }, () => newSessionId(stat('1'), 'x'));
    expect(new Set(ids).size).toBe(50);
    // drawn from 2^48: of fifty words at least one is long
    expect(ids.some((id) => (parseSessionId(id)?.random.length ?? 0) > 6)).toBe(true);
  });

  it('is another each time where Math.random is the same in every call, as the launcher makes it', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const ids = Array.from({ length: 50 }, () => newSessionId(stat('1'), 'x'));
    vi.restoreAllMocks();
    expect(new Set(ids).size).toBe(50);
  });

  it('has the place of this process when none is given', () => {
    expect(parseSessionId(newSessionId(stat('1')))?.place).toBe(pidScope());
    const real: ProcLook = { file: (path) => readFileSync(path, 'utf8'), link: (path) => readlinkSync(path) };
    expect(pidScope()).toBe(pidScope(real));
    expect(pidScope()).toMatch(/^[0-9a-z]{1,7}$/);
  });

  it.each([
    ['1-0-a', { hostPid: 1, hostStart: '0', random: 'a', place: undefined }],
    ['1234567890-5-a-b', { hostPid: 1234567890, hostStart: '5', random: 'a', place: 'b' }],
    [`9-${'1'.repeat(20)}-a`, { hostPid: 9, hostStart: '1'.repeat(20), random: 'a', place: undefined }],
    [`9-1-${'z'.repeat(16)}`, { hostPid: 9, hostStart: '1', random: 'z'.repeat(16), place: undefined }],
    ['9-1-09az-12345678', { hostPid: 9, hostStart: '1', random: '09az', place: '12345678' }],
  ])('%s is one', (id, parts) => {
    expect(parseSessionId(id)).toEqual(parts);
  });

  it.each([
    ['a pid of eleven digits', '12345678901-5-a'],
    ['a pid that begins with 0', '01-5-a'],
    ['no pid', '-5-a'],
    ['letters in the pid', '1x-5-a'],
    ['a start of 21 digits', `9-${'1'.repeat(21)}-a`],
    ['no start', '9--a'],
    ['letters in the start', '9-1x-a'],
    ['a random part of 17', `9-1-${'z'.repeat(17)}`],
    ['no random part', '9-1-'],
    ['signs in the random part', '9-1-a_b'],
    ['a place of nine', '9-1-a-123456789'],
    ['no place after its dash', '9-1-a-'],
    ['something before', 'x9-1-a'],
    ['something behind', '9-1-a-b '],
    ['a path', '../9-1-a'],
  ])('with %s it is none', (_, id) => {
    expect(parseSessionId(id)).toBeUndefined();
  });
});

describe('the place in which a session’s pid counts', () => {
  it('stays the same through versions: what an older one started can still be called gone', () => {
    expect(pidScope(proc(here))).toBe('1jhchjz');
    const { [timeSpace]: _, ...older } = here;
    expect(pidScope(proc(older))).toBe('rszres');
  });

  it('is short, whatever /proc says: 32 bits, none below zero', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const place = pidScope(proc({ ...here, [boot]: `x${text}` }));
        expect(Number.parseInt(place ?? '', 36)).toBeLessThan(2 ** 32);
        expect(place).toMatch(/^[0-9a-z]{1,7}$/);
      }),
    );
  });

  it('is unknown without a boot id or a pid namespace: then nobody there is ever called gone', () => {
    for (const missing of [boot, pidSpace]) {
      const { [missing]: _, ...rest } = here;
      expect(pidScope(proc(rest)), missing).toBeUndefined();
    }
    expect(pidScope(proc({ ...here, [boot]: '\n' })) || undefined).toBeUndefined();
    expect(parseSessionId(newSessionId(stat('1'), ''))).toMatchObject({ place: undefined });
  });
});
