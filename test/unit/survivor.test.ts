import { describe, expect, it } from 'vitest';
import {
  findSuspects,
  isElsewhere,
  looksLikeSession,
  youngerThan,
} from '../../src/session/verdict/survivor.ts';

const [ours, theirs] = ['a1'.repeat(32), 'b2'.repeat(32)];

describe("another container's processes are not taken for a session that outlived its client", () => {
  it.each([
    `12:cpu:/docker/${theirs}\n0::/\n`,
    `0::/system.slice/docker-${theirs}.scope\n`,
    `0::/machine.slice/libpod-${theirs}.scope/container\n`,
    `0::/\n\n/usr/bin/conmon\0-c\0${theirs}\0-u\0${'c3'.repeat(32)}\0`,
    `0::/\n\n/usr/bin/containerd-shim-runc-v2\0-id\0${theirs}\0`,
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

describe('processes that are younger than a client', () => {
  const pids = ['self', '1', '299', '310', '500', '800', '801', '900', '32000', 'uptime'];
  it.each([
    [800, 900, ['801', '900']],
    // what stands above the last one is older: pids have begun anew before
    [310, 800, ['500', '800']],
    // they have begun anew since
    [900, 310, ['1', '299', '310', '32000']],
    [32000, 299, ['1', '299']],
    // nobody has been started since
    [900, 900, []],
  ])('than %d, when %d was the last: %j', (client, last, expected) => {
    expect(youngerThan(client, pids, `0.50 0.40 0.30 2/300 ${last}\n`)).toEqual(expected);
  });
});

describe('a session that outlived its client is told from', () => {
  const status = (pids: string, sids: string, parent: string, state = 'S (sleeping)') =>
    `Name:\tsleep\nState:\t${state}\nPid:\t900\nPPid:\t${parent}\nNSpid:\t${pids}\nNSsid:\t${sids}\n`;
  const outer = status('800', '800', '1');
  const inner = status('850\t7', '850\t7', '840');
  const statusOf = (pid: string) => (pid === '800' ? outer : pid === '850' ? inner : '');

  it.each([
    ['a process that an engine put into the container', status('900\t21', '900\t21', '800'), true],
    ['one whose engine is gone', status('900\t21', '900\t21', '1'), true],
    ['what the agent in there has started itself', status('900\t21', '900\t21', '850'), false],
    ['a later process of a session', status('900\t22', '880\t21', '800'), false],
    ['a process of this host', status('900', '900', '800'), false],
    ['a process of this host whose parent nobody may see', status('900', '900', '1'), false],
    ['a first process in a container in a container', status('900\t40\t21', '900\t40\t21', '850'), true],
    ['a later one there', status('900\t40\t22', '900\t40\t21', '850'), false],
    ['one that calls itself dead', `Name:\tState:\tZ\n${status('900\t21', '900\t21', '800')}`, true],
    ['one that is dead already', status('900\t21', '900\t21', '800', 'Z (zombie)'), false],
    ['one that ended meanwhile', '', false],
    ['one that only speaks of death', status('900\t21', '900\t21', '800', 'S (Z)'), true],
  ])('%s', (_, text, expected) => {
    expect(looksLikeSession(text, statusOf)).toBe(expected);
  });
});

describe('after the end of a client, what may be its session', () => {
  type Process = { status: string; start?: number; cgroup?: string; cmdline?: string };
  /** This host with these processes; pid 1000 was the last one given out. */
  function host(processes: Record<string, Process>) {
    return {
      names: () => ['loadavg', 'self', ...Object.keys(processes)],
      file: (path: string) => {
        if (path === 'loadavg') return '0.5 0.4 0.3 2/300 1000\n';
        const [pid = '', name] = path.split('/');
        const { status, start = 0, cgroup = '', cmdline = '' } = processes[pid] ?? fail();
        const stat = `${pid} (a) b) S ${Array.from({ length: 18 }, () => 0).join(' ')} ${start} 0 0`;
        return { status, stat, cgroup, cmdline }[name ?? ''] ?? fail();
      },
    };
  }
  function fail(): never {
    throw Object.assign(new Error('no such process'), { code: 'ENOENT' });
  }
  const status = (pids: string, parent: number) => `PPid:\t${parent}\nNSpid:\t${pids}\nNSsid:\t${pids}\n`;
  const engine = { status: status('700', 1), start: 10, cmdline: `conmon\0-c\0${ours}\0` };
  const session = { status: status('900\t21', 700), start: 500, cgroup: `0::/docker/${ours}\n` };
  const client = { pid: 800, start: '500' };

  it('is found by pid and start time, so that it can be asked for later', () => {
    expect(findSuspects(client, ours, host({ 700: engine, 900: session }))).toEqual(['900:500']);
  });

  it.each<[string, Record<string, Process>]>([
    ['is older than the client, under a number that came again', { 900: { ...session, start: 499 } }],
    ['was there before the client', { 750: session }],
    [
      'is another container’s by its cgroup',
      { 700: { ...engine, cmdline: 'runc' }, 900: { ...session, cgroup: `0::/docker/${theirs}\n` } },
    ],
    [
      'is another container’s by its parent’s command line',
      { 700: { ...engine, cmdline: `conmon\0-c\0${theirs}\0` }, 900: { ...session, cgroup: '' } },
    ],
    ['is no first process of a session', { 900: { ...session, status: status('900', 700) } }],
    [
      'was started by what runs in the container',
      { 850: { ...session, start: 499 }, 900: { ...session, status: status('900\t22', 850) } },
    ],
    ['ended while we looked', { 900: { ...session, status: '' } }],
  ])('is nothing that %s', (_, processes) => {
    expect(findSuspects(client, ours, host({ 700: engine, ...processes }))).toEqual([]);
  });

  it('is found though others end while we look', () => {
    const here = host({ 700: engine, 900: session });
    const before = { ...here, names: () => ['850', ...here.names(), '950'] };
    expect(findSuspects(client, ours, before)).toEqual(['900:500']);
  });

  it('is not to be seen on a host whose /proc does not say: the client is believed', () => {
    const hidden = { ...host({ 900: session }), names: fail };
    expect(findSuspects(client, ours, hidden)).toEqual([]);
    expect(findSuspects(client, ours, { ...host({ 700: engine, 900: session }), file: fail })).toEqual([]);
  });
});
