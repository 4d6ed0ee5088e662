import { describe, expect, it } from 'vitest';
import { findOwner, type Sight } from '../../src/companion/owner.ts';
import { parseProcessList } from '../../src/companion/process-list.ts';
import { shownCommand } from '../../src/companion/ps.ts';
import { isOrphan, sortSessions } from '../../src/companion/sessions.ts';
import { shortAge } from '../../src/companion/table.ts';

/** /proc/<pid>/stat of a process whose name makes splitting hard. */
const statOf = (start: string) => `7 (a) b) S 1 7 7 ${'0 '.repeat(15)}${start} 0 0`;

const hereIs = 'here1';

const host = (processes: Record<number, string>, hidden = false): Sight => ({
  place: hereIs,
  look: (pid) => {
    const start = processes[pid];
    if (start === undefined || (hidden && pid === 1))
      throw Object.assign(new Error('no'), { code: 'ENOENT' });
    return { stat: statOf(start), uid: 1000 };
  },
});

describe('the host process behind a session', () => {
  it('is alive when pid and start time agree', () => {
    const alive = { state: 'alive', pid: 7, uid: 1000 };
    expect(findOwner('7-500-abc-here1', host({ 1: '1', 7: '500' }))).toEqual(alive);
  });

  it('is gone when its pid is, or came again', () => {
    expect(findOwner('7-500-abc-here1', host({ 1: '1' })).state).toBe('gone');
    expect(findOwner('7-500-abc-here1', host({ 1: '1', 7: '501' })).state).toBe('gone');
  });

  it('is gone when it has ended and its parent has not heard of it yet', () => {
    const zombie = { stat: statOf('500').replace(' S ', ' Z '), uid: 1000 };
    expect(findOwner('7-500-abc-here1', { place: hereIs, look: () => zombie }).state).toBe('gone');
  });

  it('is unknown, never gone, where other people’s processes are hidden', () => {
    expect(findOwner('7-500-abc-here1', host({ 1: '1' }, true)).state).toBe('unknown');
    const look = () => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    };
    expect(findOwner('7-500-abc-here1', { place: hereIs, look }).state).toBe('unknown');
  });

  it('is unknown, never gone, when it was started in another pid namespace, boot or host', () => {
    for (const processes of [{ 1: '1' }, { 1: '1', 7: '501' }, { 1: '1', 7: '500' }])
      expect(findOwner('7-500-abc-there', host(processes))).toEqual({ state: 'unknown', pid: 7 });
  });

  it('is unknown, never gone, where we do not know where we are', () => {
    const lost = { ...host({ 1: '1' }), place: undefined };
    expect(findOwner('7-500-abc-here1', lost).state).toBe('unknown');
    expect(findOwner('7-500-abc', lost).state).toBe('unknown');
  });

  it('of an older version, whose id has no place, is seen where it is and never gone', () => {
    expect(findOwner('7-500-abc', host({ 1: '1', 7: '500' })).state).toBe('alive');
    expect(findOwner('7-500-abc', host({ 1: '1', 7: '501' })).state).toBe('unknown');
    expect(findOwner('7-500-abc', host({ 1: '1' })).state).toBe('unknown');
  });

  it('is unknown for an id that is not one of ours: nothing hostile becomes a pid', () => {
    for (const id of ['', '1', '-1-5-a', '0-5-a', '../1-5-a', '1-5-a b', '99999999999-1-a', '7-5-a-b-c']) {
      expect(findOwner(id, host({ 1: '5' })).state).toBe('unknown');
    }
  });
});

describe('a session in the list', () => {
  const store = '/nix/store/abc-hermes-0.16';
  it.each([
    [['/usr/bin/python3', `${store}/bin/hermes`, 'chat'], 'hermes chat'],
    [['/usr/bin/python3', '-I', `${store}/bin/.hermes-wrapped`, 'chat', 'a b'], "hermes chat 'a b'"],
    [['/bin/sh', '/data/current-package/bin/hermes-agent'], 'hermes-agent'],
    [['/usr/bin/env', 'python3', '/opt/hermes-acp'], 'hermes-acp'],
    [['/data/current-package/bin/hermes', 'cron', 'run'], 'hermes cron run'],
    [['python3', '-m', 'hermes_cli.main', 'chat'], 'python3 -m hermes_cli.main chat'],
    [['/usr/bin/vim', '/root/hermes'], '/usr/bin/vim /root/hermes'],
    [['python3', '/srv/other.py', '/bin/hermes'], 'python3 /srv/other.py /bin/hermes'],
    [['sleep', '9'], 'sleep 9'],
    [['\x1b[2Jhermes'], "'\x1b[2Jhermes'"],
    [[], ''],
  ])('%j is %s', (args, shown) => {
    expect(shownCommand(args)).toBe(shown);
  });
});

describe('what runs in the container', () => {
  const printed = [
    '1000.50\n',
    'first 10 90000 7-500-a 10 34816\nhermes\0chat\0',
    'marked 10 90000 7-500-a 10 34816\nhermes\0chat\0',
    'marked 12 90001 7-500-a 10 0\nchild\0',
    'marked 20 90002 7-500-a 20 0\nsleep\0' + '9\0',
    'marked 30 50 8-500-b-here1 30 0\n',
    'first x 1 7-500-a 1 0\nforged\0',
    'first 40 90003\n',
  ].join('--x--');

  it('is read record by record; what makes no sense is left out', () => {
    const list = parseProcessList(printed, '--x--');
    expect(list.uptime).toBe(1000.5);
    expect(list.first).toEqual([
      { pid: 10, start: '90000', sessionId: '7-500-a', sid: 10, terminal: true, args: ['hermes', 'chat'] },
    ]);
    expect(list.marked.map(({ pid }) => pid)).toEqual([10, 12, 20, 30]);
  });

  it('belongs to a session, or has left it', () => {
    const ownerOf = (id: string) => findOwner(id, host({ 1: '1', 7: '500' }));
    const { sessions, detached } = sortSessions(parseProcessList(printed, '--x--'), ownerOf);
    expect(sessions.map(({ pid, ageSeconds }) => [pid, ageSeconds])).toEqual([[10, 101]]);
    expect(detached.map((one) => [one.pid, isOrphan(one)])).toEqual([
      [20, false],
      [30, true],
    ]);
  });

  it('has an age that a person can read', () => {
    expect([0, 59, 60, 3599, 7200, 200_000].map(shortAge)).toEqual([
      '0s',
      '59s',
      '1min',
      '59min',
      '2h',
      '2d',
    ]);
  });
});
