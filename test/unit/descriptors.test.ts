import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  chooseConnection,
  closedOf,
  type DescriptorLook,
  type Descriptors,
  heldOpen,
  isBackground,
  keepStreamsAway,
  readDescriptors,
} from '../../src/session/plan/descriptors.ts';

/** A process whose descriptors are these files, by `device:inode`, `/` behind for a directory, `c` for a device; `undefined`: closed. */
function having(
  files: ReadonlyArray<string | undefined>,
  facts: Partial<DescriptorLook> = {},
): DescriptorLook {
  return {
    isTerminal: () => false,
    stat: (descriptor) => {
      const file = files[descriptor];
      if (file === undefined) throw Object.assign(new Error('closed'), { code: 'EBADF' });
      const [dev, ino] = file.split(':').map((word) => Number.parseInt(word, 10));
      return {
        dev: dev ?? 0,
        ino: ino ?? 0,
        isDirectory: () => file.endsWith('/'),
        isCharacterDevice: () => file.endsWith('c'),
      };
    },
    ownStat: () => '7 (node) S 1 7 7 34816 9 0',
    ...facts,
  };
}
const pipes: Descriptors = {
  stdinTerminal: false,
  stdoutTerminal: false,
  stderrTerminal: false,
  sameOutput: false,
  stdinDirectory: false,
  background: false,
  closed: [],
};
const nothingNoted = { open: undefined, terminals: undefined };
const read = (files: ReadonlyArray<string | undefined>, facts: Partial<DescriptorLook> = {}) =>
  readDescriptors(nothingNoted, having(files, facts));

describe('the caller’s three descriptors', () => {
  it('of stdin it is known whether what is read of it is gone: not of a directory, a device or nothing', () => {
    expect(read(['1:1', '1:5', '1:6']).stdinConsumed).toBe(true);
    for (const stdin of ['1:1/', '1:1c', undefined])
      expect(read([stdin, '1:5', '1:6']).stdinConsumed).toBe(false);
  });

  it.each([
    ['one file', ['1:1', '1:5', '1:5'], true],
    ['two files', ['1:1', '1:5', '1:6'], false],
    ['files of the same number on two disks', ['1:1', '1:5', '2:5'], false],
    ['one file that is stdin, too', ['1:5', '1:5', '1:6'], false],
    ['none: stdout is closed', ['1:1', undefined, '1:6'], false],
    ['none: stderr is closed', ['1:1', '1:6', undefined], false],
    ['none: both are closed', ['1:1', undefined, undefined], false],
  ])('have both outputs in %s', (_, files, same) => {
    expect(read(files).sameOutput).toBe(same);
  });

  it('are a directory on stdin only where that is one', () => {
    expect(read(['1:1/', '1:5', '1:6']).stdinDirectory).toBe(true);
    expect(read(['1:1', '1:5/', '1:6/']).stdinDirectory).toBe(false);
    expect(read([undefined, '1:5', '1:6']).stdinDirectory).toBe(false);
  });

  it.each([0, 1, 2])('are asked for: %i alone is a terminal', (terminal) => {
    const facts = read(['1:1', '1:5', '1:6'], { isTerminal: (descriptor) => descriptor === terminal });
    const { stdinTerminal, stdoutTerminal, stderrTerminal } = facts;
    expect([stdinTerminal, stdoutTerminal, stderrTerminal]).toEqual([0, 1, 2].map((n) => n === terminal));
  });

  it.each([
    ['0 2', [true, false, true]],
    ['1', [false, true, false]],
    ['', [false, false, false]],
  ])('are not asked for where the launcher noted which are terminals: %j', (terminals, expected) => {
    const isTerminal = () => {
      throw new Error('was asked');
    };
    const facts = readDescriptors({ open: undefined, terminals }, having([], { isTerminal }));
    expect([facts.stdinTerminal, facts.stdoutTerminal, facts.stderrTerminal]).toEqual(expected);
  });

  it('are in the background only with a terminal on stdin that belongs to somebody else', () => {
    const [stdin, stdout] = [0, 1].map((n) => ({ isTerminal: (descriptor: number) => descriptor === n }));
    const mine = { ownStat: () => '7 (node) S 1 7 7 34816 7 0' };
    expect(read([], stdin).background).toBe(true);
    expect(read([], { ...stdin, ...mine }).background).toBe(false);
    expect(read([], stdout).background).toBe(false);
  });

  it('are really looked at', () => {
    const now = readDescriptors({ open: '0 1 2', terminals: '' });
    expect(now).toMatchObject({ stdinTerminal: false, stdinDirectory: false, background: false, closed: [] });
  });

  it.each([
    [undefined, []],
    ['0 1 2', []],
    ['0 1 2 17', []],
    ['1 2', [0]],
    ['0 12 2', [1]],
    ['', [0, 1, 2]],
  ])('that the launcher noted as open, %j, leave as closed: %j', (noted, closed) => {
    expect(closedOf(noted)).toEqual(closed);
    expect(readDescriptors({ open: noted, terminals: '' }, having([])).closed).toEqual(closed);
  });
});

describe('descriptors above 2', () => {
  it('are the caller’s where the launcher noted them and they are still open', () => {
    const mine = openSync('/dev/null', 'r');
    try {
      expect(heldOpen(`0 1 2 ${mine}`)).toEqual([mine]);
      expect(heldOpen(`${mine} 999999`)).toEqual([mine]);
      for (const noted of [undefined, '', '0 1 2', '*', `${mine}x`, `x${mine}`, `-${mine}`])
        expect(heldOpen(noted)).toEqual([]);
    } finally {
      closeSync(mine);
    }
    expect(heldOpen(String(mine))).toEqual([]);
  });
});

describe('node’s own streams', () => {
  /** Which of both are there with these facts; what node had is put back. */
  function streamsWith(stdoutTerminal: boolean, stderrTerminal: boolean): readonly boolean[] {
    const names = ['stdout', 'stderr'] as const;
    const before = names.map((name) => Object.getOwnPropertyDescriptor(process, name));
    try {
      keepStreamsAway({ ...pipes, stdoutTerminal, stderrTerminal });
      return names.map((name) => process[name] !== undefined);
    } finally {
      for (const [at, name] of names.entries()) {
        const property = before[at];
        if (property) Object.defineProperty(process, name, property);
      }
    }
  }

  it('are kept off everything but a terminal, which node opens anew for itself', () => {
    expect(streamsWith(false, false)).toEqual([false, false]);
    expect(streamsWith(true, false)).toEqual([true, false]);
    expect(streamsWith(false, true)).toEqual([false, true]);
    expect(streamsWith(true, true)).toEqual([true, true]);
    expect([process.stdout, process.stderr]).not.toContain(undefined);
  });
});

describe('stdin', () => {
  it('that is a directory is not handed on: podman’s client would wait for ever', () => {
    expect(chooseConnection({ ...pipes, stdinDirectory: true }, {}).stdin).toBe('ignore');
    expect(chooseConnection(pipes, {}).stdin).toBe('inherit');
  });

  it('is left to others by HERMES_SHIM_STDIN=0 alone, and then both outputs keep their order in a terminal, too', () => {
    const terminal = { ...pipes, stdinTerminal: true, stdoutTerminal: true, sameOutput: true };
    for (const value of ['1', '', 'no', '00', undefined])
      expect(chooseConnection(terminal, { HERMES_SHIM_STDIN: value })).toEqual({
        terminal: true,
        stdin: 'inherit',
        mergeOutput: false,
      });
    expect(chooseConnection(terminal, { HERMES_SHIM_STDIN: '0' })).toEqual({
      terminal: false,
      stdin: 'ignore',
      mergeOutput: true,
    });
  });

  it('of a pipe is read in the background, too: only a terminal is somebody else’s then', () => {
    expect(chooseConnection({ ...pipes, background: true }, {}).stdin).toBe('inherit');
  });

  it('is in the background where another process group has the terminal', () => {
    expect(isBackground('8 (sh) S 1 8 7 34816 0 0')).toBe(false);
    expect(isBackground('8 (sh) S 1 8 7 34816 1 0')).toBe(true);
  });
});
