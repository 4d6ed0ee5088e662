import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineAccess } from '../../src/engine/access.ts';
import { copyNote, readCopy, readSearch, searchNote } from '../../src/session/verdict/note.ts';

const sessionId = '4711-99-abc';
const directory = '/tmp/.hermes-shim-hermes';
const env = { PATH: '/usr/bin:/bin' };

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'note-'));
});

/** An engine that does so, and writes down how it was called; `$n` is how often it was. */
function engineThat(does: string): EngineAccess {
  const binary = join(place, 'docker');
  const script = [
    '#!/bin/sh',
    `n=$(cat '${place}/calls' 2>/dev/null || echo 0); n=$((n + 1)); echo "$n" >'${place}/calls'`,
    `printf '%s\\n' "$@" >'${place}/words'`,
    does,
  ];
  writeFileSync(binary, `${script.join('\n')}\n`, { mode: 0o755 });
  return { engine: 'docker', binary, access: { kind: 'direct' } };
}
const words = () => readFileSync(join(place, 'words'), 'utf8').trimEnd().split('\n');
const calls = () => Number(readFileSync(join(place, 'calls'), 'utf8'));
const address = (via: EngineAccess) => ({ via, containerId: 'c0ffee', user: 'hermes', sessionId });

describe('a note that was searched for', () => {
  it.each([
    ['note started\n', 'started'],
    ['note failed\n', 'failed'],
    ['note missing\n', 'missing'],
    ['note forbidden\n', 'forbidden'],
    ['none\n', 'none'],
    ['never\n', 'never'],
    ['unknown\n', 'unknown'],
    ['', 'unknown'],
    ['started\n', 'unknown'],
    ['note none\n', 'unknown'],
    ['note never\n', 'unknown'],
    ['note started by me\n', 'unknown'],
    ['a note started\n', 'unknown'],
    ['note STARTED\n', 'unknown'],
    ['note started\nnever\n', 'unknown'],
  ])('says %j: %s', (stdout, finding) => {
    expect(readSearch(stdout)).toBe(finding);
  });

  it('is searched for as root, by session, user and the second in which it was to begin', async () => {
    const via = engineThat('echo note started');
    expect(await searchNote(address(via), 1_700_000_000_999, env)).toBe('started');
    const asked = words();
    expect(asked.slice(0, 6)).toEqual(['exec', '-u', '0', '-w', '/', 'c0ffee']);
    expect(asked.slice(-4)).toEqual(['hermes-note', sessionId, 'hermes', '1700000000']);
  });

  it('is unknown where the engine cannot be asked', async () => {
    const nobody: EngineAccess = { ...engineThat(''), binary: '/nonexistent/docker' };
    expect(await searchNote(address(nobody), 0, env)).toBe('unknown');
  });
});

describe('a note that was copied out of a container which has ended', () => {
  const tar = (...notes: string[]) => notes.map((note) => `.hermes/1\0\0ustar\0${note}\n\0\0`).join('');
  const copied = (stdout: string) => readCopy({ code: 0, stdout, stderr: '' }, { directory, sessionId });
  const refused = (stderr: string) => readCopy({ code: 1, stdout: '', stderr }, { directory, sessionId });

  it.each([
    ['started', tar(`7 99 ${sessionId} started`), 'started'],
    ['missing', tar('8 99 another started', `7 99 ${sessionId} missing`), 'missing'],
    ['of another session alone', tar('8 99 another started'), 'none'],
    ['with a word that nobody knows', tar(`7 99 ${sessionId} dancing`), 'unknown'],
    ['with no word', tar(`7 99 ${sessionId}`), 'unknown'],
    ['absent: the archive is empty', '', 'none'],
    ['not the id in another place', tar(`${sessionId} 7 99 started`), 'none'],
  ])('is %s', (_, archive, finding) => {
    expect(copied(archive)).toBe(finding);
  });

  it.each([
    [`Error response from daemon: Could not find the file ${directory} in container c0ffee`, 'none'],
    [`Error: "${directory}" could not be found on container c0ffee: no such file or directory`, 'none'],
    // another user's directory, whose name begins alike, says nothing about this one
    [`Could not find the file ${directory}2 in container c0ffee`, 'unknown'],
    [`Error: "${directory}2" could not be found on container`, 'unknown'],
    ['Error: no such container', 'unknown'],
    ['', 'unknown'],
  ])('is not there only where the engine says just that: %j is %s', (stderr, finding) => {
    expect(refused(stderr)).toBe(finding);
  });

  it('is copied out of the user’s own directory', async () => {
    const via = engineThat(`printf '7 99 ${sessionId} failed\\n'`);
    expect(await copyNote(address(via), env)).toBe('failed');
    expect(words()).toEqual(['cp', `c0ffee:${directory}`, '-']);
    expect(calls()).toBe(1);
  });

  it('is asked for again while the container ends, three times in all', async () => {
    const late = engineThat(`[ "$n" -ge 3 ] && printf '7 99 ${sessionId} started\\n' || exit 1`);
    expect([await copyNote(address(late), env), calls()]).toEqual(['started', 3]);
  });

  it('is unknown when nothing comes of that', async () => {
    const never = engineThat('exit 1');
    expect([await copyNote(address(never), env), calls()]).toEqual(['unknown', 3]);
  });

  it('is unknown where the engine cannot be asked', async () => {
    const nobody: EngineAccess = { ...engineThat(''), binary: '/nonexistent/docker' };
    expect(await copyNote(address(nobody), env)).toBe('unknown');
  });

  it('is not asked for again once it is known that there is none', async () => {
    const absent = engineThat(`echo 'Could not find the file ${directory} in container' >&2; exit 1`);
    expect([await copyNote(address(absent), env), calls()]).toEqual(['none', 1]);
  });
});
