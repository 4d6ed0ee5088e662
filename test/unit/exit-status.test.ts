import { describe, expect, it } from 'vitest';
import { sampleContainer } from '../../scripts/causes.ts';
import type { Container, State } from '../../src/engine/container.ts';
import { inOrder } from '../../src/engine/container-log.ts';
import { isAmbiguous } from '../../src/session/verdict/ambiguity.ts';
import {
  judgeExitStatus,
  needsNote,
  type Whereabouts,
  whereaboutsOf,
} from '../../src/session/verdict/judge-exit-status.ts';
import { readCopy, readSearch } from '../../src/session/verdict/note.ts';

const running: State = {
  status: 'running',
  word: 'running',
  startedMs: 1000,
  finishedMs: undefined,
  exitCode: 0,
};
const before = sampleContainer(running);
/** When the session was to begin: after the container. */
const begunMs = 1500;
const found = (change: Partial<Container>) =>
  whereaboutsOf({ kind: 'found', container: { ...before, ...change } }, before, begunMs);

describe('where the container went', () => {
  it('is told by id, state and start', () => {
    expect(found({})).toBe('same');
    expect(found({ id: 'd'.repeat(64) })).toBe('gone');
    expect(found({ state: { ...running, startedMs: 2000 } })).toBe('restarted');
    // what was known of it is older than its last start, the session is not
    expect(found({ state: { ...running, startedMs: 1400 } })).toBe('same');
    expect(found({ state: { ...running, status: 'paused' } })).toBe('paused');
    for (const status of ['exited', 'created', 'restarting', 'other'] as const)
      expect(found({ state: { ...running, status } })).toBe('stopped');
    expect(whereaboutsOf({ kind: 'absent' }, before, begunMs)).toBe('gone');
    expect(whereaboutsOf({ kind: 'daemon-down', detail: '' }, before, begunMs)).toBe('engine-down');
    expect(whereaboutsOf({ kind: 'silent', waitedMs: 15_000, busy: false }, before, begunMs)).toBe('unknown');
  });
});

describe('what an exit code means that may be the engine’s', () => {
  const judge = (
    code: number,
    whereabouts: Whereabouts,
    note: Parameters<typeof judgeExitStatus>[0]['note'],
  ) => judgeExitStatus({ code, whereabouts, note });

  it('hermes’s own, where its note says that it began in a container that is as it was', () => {
    for (const code of [1, 125, 126, 127, 137, 143, 255]) expect(judge(code, 'same', 'started')).toBe('own');
  });

  it('not started, only where the note is missing that the exec wrapper would have left', () => {
    for (const note of ['none', 'never'] as const) {
      expect(judge(126, 'same', note)).toBe('not-started');
      expect(judge(255, 'stopped', note)).toBe('not-running');
    }
    expect(judge(126, 'same', 'unknown')).toBe('own');
    expect(judge(1, 'stopped', 'none')).toBe('not-running');
    expect(judge(1, 'paused', 'none')).toBe('not-running');
    expect(judge(127, 'same', 'missing')).toBe('binary-missing');
    expect(judge(126, 'same', 'forbidden')).toBe('binary-not-executable');
    expect(judge(126, 'stopped', 'failed')).toBe('binary-not-executable');
  });

  it('lost with its container, where it had begun or was killed in it', () => {
    for (const whereabouts of ['stopped', 'restarted'] as const)
      expect(judge(1, whereabouts, 'started')).toBe('lost');
    for (const whereabouts of ['stopped', 'restarted', 'gone'] as const)
      for (const code of [137, 143]) expect(judge(code, whereabouts, 'unknown')).toBe('lost');
  });

  it('unknown, where nothing can tell any more', () => {
    expect(judge(125, 'gone', 'unknown')).toBe('fate-unknown');
    expect(judge(1, 'gone', 'unknown')).toBe('fate-unknown');
    expect(judge(255, 'stopped', 'unknown')).toBe('fate-unknown');
    expect(judge(255, 'restarted', 'none')).toBe('fate-unknown');
    for (const code of [1, 255]) expect(judge(code, 'engine-down', 'unknown')).toBe('fate-unknown');
  });

  it('a note is asked for only where it can tell something', () => {
    expect(needsNote(1, 'same', false)).toBe(false);
    // sudo's own failure is 1 too
    expect(needsNote(1, 'same', true)).toBe(true);
    expect(needsNote(137, 'same', false)).toBe(true);
    expect(needsNote(137, 'stopped', false)).toBe(false);
    for (const whereabouts of ['gone', 'engine-down', 'unknown'] as const)
      expect(needsNote(126, whereabouts, true)).toBe(false);
  });

  it('asks about no code that is hermes’s alone', () => {
    const direct = { binary: '/e', access: { kind: 'direct' } } as const;
    for (const code of [0, 2, 3, 42, 64, 130]) {
      expect(isAmbiguous(code, { engine: 'docker', ...direct })).toBe(false);
      expect(isAmbiguous(code, { engine: 'podman', ...direct })).toBe(false);
    }
    expect(isAmbiguous(1, { engine: 'podman', ...direct })).toBe(false);
    const sudo = { kind: 'sudo', tool: 'sudo', binary: '/s' } as const;
    expect(isAmbiguous(1, { engine: 'podman', binary: '/e', access: sudo })).toBe(true);
  });
});

describe('the exec wrapper’s note', () => {
  it('is read from what a search printed', () => {
    expect(readSearch('note started\n')).toBe('started');
    expect(readSearch('note missing\n')).toBe('missing');
    expect(readSearch('none\n')).toBe('none');
    for (const odd of ['', 'unknown\n', 'note whatever\n', 'none\nnone\n'])
      expect(readSearch(odd)).toBe('unknown');
  });

  const directory = '/tmp/.hermes-shim-hermes';
  const read = (code: number, stdout: string, stderr = '') =>
    readCopy({ code, stdout, stderr }, { directory, sessionId: '7-8-x' });
  it('is read from an archive', () => {
    const archive = (text: string) => `.hermes-shim-hermes/12\0\0\0ustar\0\0${text}\0\0\0`;
    expect(read(0, archive('12 3400 7-8-x started\n'))).toBe('started');
    expect(read(0, archive('9 1 7-8-y started\n') + archive('12 3400 7-8-x failed\n'))).toBe('failed');
    expect(read(0, archive('12 3400 7-8-xx started\n'))).toBe('none');
  });

  it('is missing, by either engine’s words, only where this very directory is', () => {
    expect(
      read(1, '', `Error response from daemon: Could not find the file ${directory} in container abc`),
    ).toBe('none');
    expect(
      read(125, '', `Error: "${directory}" could not be found on container abc: no such file or directory`),
    ).toBe('none');
    expect(
      read(1, '', 'Error response from daemon: lstat /var/lib/docker/overlay2/x: no such file or directory'),
    ).toBe('unknown');
    expect(read(1, '', 'Error: No such container: abc')).toBe('unknown');
  });
});

describe('a container’s last log lines', () => {
  it('are put in order across both streams, without their times', () => {
    const at = (second: number, text: string) => `2026-11-22T08:00:0${second}.000000000Z ${text}`;
    expect(inOrder(`${at(1, 'one')}\n${at(3, 'three')}\n`, `${at(2, ' two')}\n${at(4, '')}\n`)).toEqual([
      'one',
      ' two',
      'three',
    ]);
    expect(inOrder('no times\nat all\n', '')).toEqual(['no times', 'at all']);
  });
});
