import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeCommand } from '../../src/session/native/exec-native.ts';
import { runBy, shells } from './shells.ts';

let dir = '';
let hermes = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
  hermes = join(dir, 'hermes');
  // says what it got: arguments and a variable each with a NUL, the ignored signals, which of 0 and 2 are open
  writeFileSync(
    hermes,
    `#!/bin/sh
printf '%s\\0' "$@" "$ODD"
sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status
for fd in 0 2; do [ -e "/proc/$$/fd/$fd" ] && echo "open $fd"; done
set | grep '^hs_'
exit 0
`,
    { mode: 0o755 },
  );
});

afterAll(() => rmSync(dir, { recursive: true }));

/** A word as node reads it. */
const read = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe.each(shells)('the trampoline to a native hermes, run by $name', (shell) => {
  /** Runs what would be run, by this shell instead of /bin/sh. */
  function become(
    args: readonly Uint8Array[],
    value: Uint8Array,
    caller: Parameters<typeof nativeCommand>[1] = { ignored: [], closed: [] },
  ): Buffer {
    const native = { binary: hermes, args: args.map(read), env: { ODD: read(value) } };
    const raw = {
      args: () => args.map((arg) => Buffer.from(arg)),
      env: () => [Buffer.concat([Buffer.from('ODD='), value])],
    };
    const [file, ...words] = nativeCommand(native, caller, raw);
    if (file !== '/bin/sh') throw new Error('nothing stands in front of it');
    return runBy(shell, words, { env: { ODD: 'not yet' } });
  }

  it('hands over every byte of arguments and variables', () => {
    const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => array.map((byte) => byte || 1));
    const odd = bytes.map((array) => Uint8Array.of(...array, 0xff));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), odd, odd, (others, last, value) => {
        const args = [...others, last];
        const expected = Buffer.concat([...args, value].flatMap((word) => [word, Buffer.of(0)]));
        expect(become(args, value).subarray(0, expected.length)).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  it('ignores what was ignored, closes what was closed, and leaves no variable behind', () => {
    const value = Uint8Array.of(0xff);
    const caller = { ignored: ['SIGHUP', 'SIGQUIT'], closed: [0, 2] } as const;
    const said = become([value], value, caller).toString('latin1').split('\0').at(-1) ?? '';
    expect(said.trim().split('\n')).toEqual(['0000000000000005']);
    expect(become([value], value).toString('latin1').split('\0').at(-1)?.split('\n').slice(0, 3)).toEqual([
      '0000000000000000',
      'open 0',
      'open 2',
    ]);
  });
});
