import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSecrets, toHandOver } from '../../src/session/control/secrets.ts';
import { addressee, handledSignals } from '../../src/session/control/signals.ts';
import { nativeCommand } from '../../src/session/native/exec-native.ts';
import { splitWords, toPrintfFormat, toWire } from '../../src/session/plan/bytes.ts';
import { type Plan, sessionCommand } from '../../src/session/plan/command.ts';
import { chooseConnection, isBackground } from '../../src/session/plan/descriptors.ts';
import { splitDirectory, startDirectories } from '../../src/session/plan/directory.ts';
import { pickForwarded } from '../../src/session/plan/environment.ts';
import { profileHomeOf } from '../../src/session/plan/plan.ts';
import { newSessionId, parseSessionId, pidScope, startTimeOf } from '../../src/session/plan/session-id.ts';
import { withIgnored } from '../../src/session/streams/ignore-signals.ts';
import { readTerminal } from '../../src/session/streams/terminal-state.ts';
import { isAmbiguous } from '../../src/session/verdict/ambiguity.ts';
import {
  codeOf,
  codeOfKilledClient,
  endAfterSignals,
  endedWithSession,
  endOfTerminalSession,
} from '../../src/session/verdict/ending.ts';
import { containerLike, mounted } from './containers.ts';

const direct = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } } as const;
const bySudo = {
  engine: 'podman',
  binary: '/usr/bin/podman',
  access: { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' },
} as const;

describe('what hermes is connected to', () => {
  const [T, F] = [true, false];
  it.each([
    [T, T, T, { terminal: true, stdin: 'inherit', mergeOutput: false }],
    [T, T, F, { terminal: true, stdin: 'inherit', mergeOutput: false }],
    [T, F, T, { terminal: false, stdin: 'inherit', mergeOutput: false }],
    [T, F, F, { terminal: false, stdin: 'inherit', mergeOutput: false }],
    [F, T, T, { terminal: false, stdin: 'inherit', mergeOutput: false }],
    [F, T, F, { terminal: false, stdin: 'inherit', mergeOutput: false }],
    [F, F, T, { terminal: false, stdin: 'inherit', mergeOutput: false }],
    [F, F, F, { terminal: false, stdin: 'inherit', mergeOutput: false }],
  ])('terminals on stdin %s, stdout %s, stderr %s: %j', (stdin, stdout, stderr, connection) => {
    const facts = {
      stdinTerminal: stdin,
      stdoutTerminal: stdout,
      stderrTerminal: stderr,
      sameOutput: false,
      background: false,
      closed: [],
    };
    expect(chooseConnection(facts, {})).toEqual(connection);
    // one file for both outputs: their order is kept, except where a terminal carries both anyway
    const merged = chooseConnection({ ...facts, sameOutput: true }, {});
    expect(merged.mergeOutput).toBe(!connection.terminal);
    // in the background nothing may read what is typed at the shell
    const behind = chooseConnection({ ...facts, background: true }, {});
    expect(behind.stdin).toBe(stdin && !connection.terminal ? 'ignore' : 'inherit');
    expect(chooseConnection(facts, { HERMES_SHIM_STDIN: '0' })).toEqual({
      terminal: false,
      stdin: 'ignore',
      mergeOutput: false,
    });
  });

  it.each([
    ['7 (sh) S 1 7 7 34816 7 0', false],
    ['8 (sh) S 1 8 7 34816 7 0', true],
    ['8 (sh) S 1 8 7 0 -1 0', false],
    ['8 (a) b) S 1 8 7 34816 9 0', true],
  ])('the process %s is in the background: %s', (stat, background) => {
    expect(isBackground(stat)).toBe(background);
  });
});

describe('the environment that goes in', () => {
  it('is the terminal’s, the language’s and hermes’s switches', () => {
    const env = {
      TERM: 'xterm',
      LC_ALL: 'C',
      LANG: '',
      TZ: 'UTC',
      NO_COLOR: '1',
      HERMES_YOLO_MODE: '1',
      HERMES_IGNORE_RULES: '1',
      HERMES_TUI_THEME: 'dark',
      HERMES_TUI_RESUME: '20260101',
      HERMES_EPHEMERAL_SYSTEM_PROMPT: 'be brief',
      HERMES_TUI: undefined,
    };
    const { HERMES_TUI: _, ...set } = env;
    expect(pickForwarded(env)).toEqual({ plain: Object.entries(set), secret: [], encoded: [] });
  });

  it('never names places of the host, nor anything nobody asked for', () => {
    const env = {
      PATH: '/bin',
      HOME: '/root',
      HERMES_HOME: '/x',
      HERMES_DEV: '0',
      HERMES_MANAGED: 'true',
      HERMES_SHIM_SESSION: '1-2-3',
      OPENAI_API_KEY: 's',
      LD_PRELOAD: '/x',
      LCX: '1',
      TERMINAL: 'x',
    };
    expect(pickForwarded(env)).toEqual({ plain: [], secret: [], encoded: [] });
    const asked = 'HERMES_HOME,HERMES_SHIM_*,HERMES_*,HERMES_DEV';
    expect(pickForwarded({ ...env, HERMES_SHIM_FORWARD_ENV: asked })).toEqual({
      plain: [],
      secret: [],
      encoded: [],
    });
  });

  it('is whatever the caller lists besides, by name or prefix, kept apart as secrets', () => {
    const env = {
      HERMES_SHIM_FORWARD_ENV: ' OPENAI_API_KEY , AWS_*,,MISSING,TERM',
      OPENAI_API_KEY: 's',
      AWS_A: '1',
      AWS_B: '2',
      TERM: 'x',
      'AWS_odd name': '3',
      'AWS_*': '4',
    };
    expect(pickForwarded(env)).toEqual({
      plain: [['TERM', 'x']],
      secret: [
        ['OPENAI_API_KEY', 's'],
        ['AWS_A', '1'],
        ['AWS_B', '2'],
      ],
      encoded: [],
    });
  });

  it('secrets go as lines that a printf makes whole again, and end in a dot', () => {
    const env = { HERMES_SHIM_FORWARD_ENV: 'A,B', A: '1 = 2 "%s\n', B: '' };
    const { secret, encoded } = pickForwarded(env);
    expect(formatSecrets(secret)).toBe('A=1 = 2 \\042\\045s\\012\nB=\n.\n');
    expect(encoded).toEqual([]);
  });

  it('secrets were handed over only when whoever brings them says so in the end', () => {
    const exited = (stdout: string, stderr = '', code = 0) =>
      toHandOver({ kind: 'exited', code, stdout, stderr });
    expect(exited('ready\ntaken\n')).toBe('taken');
    expect(exited('nowhere\n')).toBe('nowhere');
    expect(exited('late\n')).toBe('late');
    expect(exited('ready\n')).toEqual({ refused: 'exit code 0' });
    expect(exited('', 'Error: x\nError: no such container\n', 125)).toEqual({
      refused: 'Error: no such container',
    });
    expect(exited('OCI runtime exec failed: y\n', '', 126)).toEqual({
      refused: 'OCI runtime exec failed: y',
    });
    expect(toHandOver({ kind: 'timed-out', waitedMs: 1, busy: false })).toEqual({
      refused: 'no answer in time',
    });
    expect(toHandOver({ kind: 'not-started', code: 'EMFILE' })).toEqual({ refused: 'EMFILE' });
  });
});

describe('the command line of a session', () => {
  const plan = (facts: Partial<Plan> = {}): Plan => ({
    via: direct,
    containerId: 'c0ffee',
    connection: { terminal: false, stdin: 'inherit', mergeOutput: false },
    forwarded: { plain: [['TERM', 'xterm']], secret: [['KEY', 'secret']], encoded: ['TERM'] },
    profileHome: undefined,
    sized: true,
    instructions: {
      sessionId: '1-2-x',
      umask: 0o22,
      user: 'hermes',
      niceness: 0,
      ignored: ['SIGHUP', 'SIGINT'],
      closed: [0],
      encodedNames: ['TERM'],
      start: { first: '/data/workspace', second: '', encoded: false },
      bin: '/data/bin/hermes',
      args: ['chat', '', '-x', '--', 'a b'],
      encoded: false,
      secrets: true,
    },
    ...facts,
  });
  const wrapper = expect.stringContaining('exec "$hs_hermes" "$@"');
  const told = ['hermes-wrapper', '1-2-x', '0022', 'hermes', 'sI0', '0', 'TERM', '/data/workspace', ''];
  const args = ['/data/bin/hermes', 'chat', '', '-x', '--', 'a b'];

  it('direct, without a terminal', () => {
    expect(sessionCommand(plan())).toEqual([
      ...['/usr/bin/docker', 'exec', '-i', '-u', 'hermes', '-w', '/'],
      ...['-e', 'HERMES_SHIM_SESSION=1-2-x', '-e', 'TERM', 'c0ffee'],
      ...['/bin/sh', '-c', wrapper, ...told],
      ...args,
    ]);
  });

  it('through sudo: values are said', () => {
    expect(sessionCommand(plan({ via: bySudo }))).toEqual([
      ...['/usr/bin/sudo', '-n', '/usr/bin/podman', 'exec', '-i', '-u', 'hermes', '-w', '/'],
      ...['-e', 'HERMES_SHIM_SESSION=1-2-x', '-e', 'TERM=xterm', 'c0ffee'],
      ...['/bin/sh', '-c', wrapper, ...told],
      ...args,
    ]);
  });

  it('never holds a secret’s value, nor lets the engine take it from its environment', () => {
    for (const via of [direct, bySudo]) {
      expect(sessionCommand(plan({ via })).join(' ')).not.toContain('secret');
      expect(sessionCommand(plan({ via }))).not.toContain('KEY');
    }
  });

  it('in a terminal: docker’s late size is waited for, where there is one', () => {
    const connection = { terminal: true, stdin: 'inherit', mergeOutput: false } as const;
    const flags = (facts: Partial<Plan>) => {
      const words = sessionCommand(plan({ connection, ...facts }));
      return words[words.indexOf('hermes-wrapper') + 4];
    };
    expect(flags({})).toBe('wsI0');
    expect(flags({ sized: false })).toBe('vsI0');
    expect(flags({ via: bySudo })).toBe('sI0');
    expect(readTerminal('500:5:bf\n24 80\n')).toEqual({
      settings: '500:5:bf',
      sized: true,
      size: { rows: 24, columns: 80 },
    });
    expect(readTerminal('500:5:bf\n0 0\n')).toEqual({ settings: '500:5:bf', sized: false, size: undefined });
    expect(readTerminal('500:5:bf\n')).toEqual({ settings: '500:5:bf', sized: true, size: undefined });
    for (const text of ['', 'stty: what?\n', '-n $(x)\n0 0\n']) expect(readTerminal(text)).toBeUndefined();
  });

  it('in a terminal: the engines’ detach keys are out of the way', () => {
    const connection = { terminal: true, stdin: 'inherit', mergeOutput: false } as const;
    expect(sessionCommand(plan({ connection })).slice(2, 5)).toEqual([
      ...['-i', '-t', '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@'],
    ]);
    expect(sessionCommand(plan({ connection, via: bySudo })).slice(4, 7)).toEqual([
      ...['-i', '-t', '--detach-keys='],
    ]);
  });

  it('of a profile names the profile’s home as the container sees it', () => {
    const words = sessionCommand(plan({ profileHome: '/data/.hermes/profiles/coder' }));
    expect(words).toContain('HERMES_HOME=/data/.hermes/profiles/coder');
  });

  it('keeps signals ignored that the caller ignored', () => {
    expect(withIgnored(['x', 'y'], [])).toEqual(['x', 'y']);
    const [sh, c, , , signals, ...rest] = withIgnored(['x', 'y'], ['SIGHUP', 'SIGINT']);
    expect([sh, c, signals, rest]).toEqual(['/bin/sh', '-c', 'HUP INT', ['x', 'y']]);
  });
});

describe('the profile of a call', () => {
  const profile = 'coder';

  it('is the one below the home, as the container sees it', () => {
    const container = containerLike({});
    const at = (of: string | undefined) =>
      profileHomeOf({ container, containerHome: '/opt/data' }, { profile: of });
    expect(at(profile)).toBe('/opt/data/profiles/coder');
    expect(at(undefined)).toBeUndefined();
  });

  it('is kept in a container that was let in although it is foreign, or told: never another profile', () => {
    const of = (env?: ReadonlyMap<string, string>) =>
      profileHomeOf({ container: containerLike(env ? { env } : {}), containerHome: undefined }, { profile });
    expect(of()).toBe('/data/.hermes/profiles/coder');
    expect(() => of(new Map())).toThrow(/HERMES_HOME\), so profile 'coder' cannot be found/);
  });
});

describe('the directory to start in', () => {
  const asIs = (path: string) => path;
  const at = (path: string, rest = '') => ({ path, rest: Buffer.from(rest, 'latin1') });
  it.each([
    ['/var/lib/hermes/workspace/x', {}, ['/data/workspace/x', '']],
    ['/home/alice', {}, ['', '']],
    [undefined, {}, ['', '']],
    ['/home/alice', { workingDir: '/srv' }, ['', '/srv']],
    [
      '/home/alice',
      { workingDir: '/', env: new Map([['MESSAGING_CWD', '/data/workspace']]) },
      ['', '/data/workspace'],
    ],
    ['/home/alice', { workingDir: '', env: new Map([['MESSAGING_CWD', 'relative']]) }, ['', '']],
    ['/var/lib/hermes', { workingDir: '/srv' }, ['/data', '/srv']],
  ])('called in %s with %j: %j', (current, facts, [first, second]) => {
    const container = containerLike({ ...mounted('/var/lib/hermes:/data'), env: new Map(), ...facts });
    const directory = current === undefined ? undefined : at(current);
    expect(startDirectories(container, directory, asIs)).toEqual({ first, second, encoded: false });
  });

  it.each([
    ['/data/.hermes', {}, '/data/workspace'],
    ['/data/.hermes', { workingDir: '/srv' }, '/srv'],
    ['/data/.hermes', { env: new Map([['MESSAGING_CWD', '/elsewhere']]) }, '/elsewhere'],
    ['/opt/data', {}, ''],
  ])('is at last the workspace beside a home of the NixOS module: %s with %j: %j', (home, facts, second) => {
    const container = containerLike({ ...mounted('/var/lib/hermes:/data'), env: new Map(), ...facts });
    expect(startDirectories(container, at('/home/alice'), asIs, home)).toMatchObject({ first: '', second });
  });

  it('may have a name that is no text: what is text is mapped, the rest follows as bytes', () => {
    const raw = Buffer.from('/var/lib/hermes/a/no\xfftext/b', 'latin1');
    expect(splitDirectory(raw)).toEqual(at('/var/lib/hermes/a', '/no\xfftext/b'));
    const container = containerLike({ ...mounted('/var/lib/hermes:/data'), env: new Map() });
    expect(startDirectories(container, splitDirectory(raw), asIs)).toMatchObject({
      first: '/data/a/no\\377text/b',
      encoded: true,
    });
    expect(splitDirectory(Buffer.of(0x2f, 0xff))).toEqual(at('/', '/\xff'));
  });
});

describe('an ending', () => {
  it.each([
    [{ code: 7, signal: null }, 7],
    [{ code: null, signal: 'SIGKILL' }, 137],
    [{ code: null, signal: null }, 255],
  ] as const)('of a client by %j is %i', (end, code) => {
    expect(codeOf(end)).toBe(code);
  });

  const [TERM, INT] = ['SIGTERM', 'SIGINT'] as const;
  const died = { code: null, signal: 'SIGHUP' } as const;
  const exited = (code: number) => ({ code, signal: null });
  it.each([
    ['a trap’s own code counts', [TERM], exited(7), true, { kind: 'code', code: 7 }],
    ['a clean end counts', [INT], exited(0), true, { kind: 'code', code: 0 }],
    ['128+n is death by n', [TERM], exited(143), true, { kind: 'signal', signal: TERM }],
    ['128+n of an earlier one too', [TERM, INT], exited(143), true, { kind: 'signal', signal: TERM }],
    ['a client that lies does not count', [INT, TERM], exited(0), false, { kind: 'signal', signal: TERM }],
  ] as const)('after a signal: %s', (_, received, end, believed, ending) => {
    expect(endAfterSignals(received, end, believed)).toEqual(ending);
  });

  const delivered = (clientFirst: boolean) => ({ finding: 'delivered', clientFirst }) as const;
  it.each([
    [exited(7), delivered(true), undefined, true],
    [exited(0), delivered(false), 'gone', true],
    [exited(0), delivered(true), 'gone', false],
    [exited(0), delivered(false), 'alive', false],
    [exited(1), { finding: 'never', clientFirst: true }, 'never', false],
    [died, delivered(false), 'gone', false],
  ] as const)(
    'the client’s word %j, with delivery %j and state %s, counts: %s',
    (client, delivery, state, counts) => {
      expect(endedWithSession({ client, delivery, state })).toBe(counts);
    },
  );

  it('may be the engine’s own where engines use that code for themselves', () => {
    const of = (via: Parameters<typeof isAmbiguous>[1]) =>
      [0, 1, 2, 125, 126, 127, 137, 143, 255].filter((code) => isAmbiguous(code, via));
    expect(of(direct)).toEqual([1, 125, 126, 127, 137, 143, 255]);
    expect(of({ ...bySudo, access: { kind: 'direct' } })).toEqual([125, 126, 127, 137, 143, 255]);
    expect(of(bySudo)).toEqual([1, 125, 126, 127, 137, 143, 255]);
  });
});

describe('signals', () => {
  it('that the caller ignored are not taken; stopping is a terminal session’s own affair', () => {
    expect(handledSignals(['SIGHUP', 'SIGINT'], false)).not.toContain('SIGHUP');
    expect(handledSignals([], false)).toContain('SIGTSTP');
    expect(handledSignals([], true)).not.toContain('SIGTSTP');
    expect(handledSignals([], true)).not.toContain('SIGCONT');
  });

  it('of a keyboard are for the group, all others for the first process', () => {
    expect(addressee('SIGINT', false)).toBe('group');
    expect(addressee('SIGQUIT', false)).toBe('group');
    expect(addressee('SIGINT', true)).toBe('process');
    expect(addressee('SIGTERM', false)).toBe('process');
  });
});

describe('a session’s name', () => {
  it('is taken apart again, and anything else is refused', () => {
    const id = newSessionId(readFileSync('/proc/self/stat', 'utf8'));
    expect(parseSessionId(id)).toMatchObject({
      hostPid: process.pid,
      hostStart: expect.stringMatching(/^\d+$/),
    });
    expect(newSessionId(readFileSync('/proc/self/stat', 'utf8'))).not.toBe(id);
    for (const odd of [
      '',
      '1',
      '1-2',
      '0-1-x',
      '1-2-X',
      '1-2-x-',
      '1-2-x-Y',
      '1-2-x-y-z',
      '1-2-x\n',
      `${'9'.repeat(11)}-1-x`,
      '$(id)-1-x',
    ])
      expect(parseSessionId(odd)).toBeUndefined();
  });

  it('says where it counts: another boot, pid namespace or time namespace is another place', () => {
    const proc = (boot: string, pid: string, time?: string) => ({
      file: () => `${boot}\n`,
      link: (path: string) => {
        if (path.endsWith('pid')) return pid;
        if (time !== undefined) return time;
        throw Object.assign(new Error('no'), { code: 'ENOENT' });
      },
    });
    const places = [
      pidScope(proc('b1', 'pid:[1]', 'time:[1]')),
      pidScope(proc('b2', 'pid:[1]', 'time:[1]')),
      pidScope(proc('b1', 'pid:[2]', 'time:[1]')),
      pidScope(proc('b1', 'pid:[1]', 'time:[2]')),
      pidScope(proc('b1', 'pid:[1]')),
    ];
    expect(new Set(places).size).toBe(places.length);
    expect(parseSessionId(newSessionId('', places[0]))).toMatchObject({ place: places[0] });
    expect(pidScope()).toBe(pidScope());
  });

  it('has no place where /proc does not say: it can then never be called gone', () => {
    const hidden = () => {
      throw Object.assign(new Error('no'), { code: 'ENOENT' });
    };
    expect(pidScope({ file: hidden, link: hidden })).toBeUndefined();
    expect(pidScope({ file: () => 'b1', link: hidden })).toBeUndefined();
    expect(parseSessionId(newSessionId('', ''))).toMatchObject({ place: undefined });
  });

  it('has the start time of a process whatever it is called', () => {
    const fields = Array.from({ length: 48 }, (_, index) => String(index + 4));
    expect(startTimeOf(`7 (sh) S ${fields.join(' ')}`)).toBe('22');
    expect(startTimeOf(`7 (a) S (b) 1 2) S ${fields.join(' ')}`)).toBe('22');
    expect(startTimeOf('')).toBe('0');
  });
});

describe('arguments that are no UTF-8', () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).map((byte) => byte || 1));

  it('come back from a real printf as they were', () => {
    const all = fc.array(bytes, { minLength: 60, maxLength: 60 });
    // each of them by a printf of its own, all of them in one shell: a process for each takes a minute on a busy machine
    const each = 'for format; do printf "$format."; printf "\\0"; done';
    for (const shell of ['sh', 'bash'])
      fc.assert(
        fc.property(all, (words) => {
          const printed = execFileSync(shell, ['-c', each, 'sh', ...words.map(toPrintfFormat)]);
          expect(splitWords(printed)).toEqual(words.map((word) => Buffer.concat([word, Buffer.from('.')])));
        }),
        { numRuns: 2 },
      );
  });

  it('that are no text travel as formats, the others as they are', () => {
    const raw = [Buffer.from('node'), Buffer.from('ok'), Buffer.of(0x61, 0xff)];
    expect(toWire(['ok', 'a\ufffd'], () => raw)).toEqual({ args: ['.ok', '=a\\377'], encoded: true });
    // those of the caller are the last ones: what stands before them was not typed
    const typed = [Buffer.from('node'), Buffer.from('shell'), Buffer.of(0xff)];
    expect(toWire(['-c', 'x', '\ufffd'], () => typed)).toEqual({
      args: ['.-c', '.x', '=\\377'],
      encoded: true,
    });
    // a real U+FFFD is text like any other
    const honest = [Buffer.from('node'), Buffer.from('\ufffd')];
    expect(toWire(['\ufffd'], () => honest)).toEqual({ args: ['\ufffd'], encoded: false });
    const unread = () => {
      throw new Error('was asked for nothing');
    };
    expect(toWire(['ok', ''], unread)).toEqual({ args: ['ok', ''], encoded: false });
  });

  it('are split at each NUL, empty ones included', () => {
    expect(splitWords(Buffer.from('a\0\0b c\0')).map(String)).toEqual(['a', '', 'b c']);
    expect(splitWords(Buffer.from(''))).toEqual([]);
    expect(splitWords(Buffer.from('a\0b')).map(String)).toEqual(['a', 'b']);
  });

  it('reach a native hermes byte for byte, variables too', () => {
    const raw = {
      args: () => [Buffer.from('node'), Buffer.of(0x61, 0xff, 0x0a)],
      env: () => [Buffer.from([...Buffer.from('ODD='), 0xfe, 0x0a])],
    };
    const binary = join(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')), 'hermes');
    writeFileSync(binary, '#!/bin/sh\nprintf "%s|%s|" "$1" "$ODD"\n', { mode: 0o755 });
    const native = { binary, args: ['a\ufffd\n'], env: { ODD: '\ufffd\n', PATH: '/usr/bin:/bin' } };
    const [file = '', ...args] = nativeCommand(native, { ignored: [], closed: [] }, raw);
    const printed = execFileSync(file, args, { env: native.env });
    rmSync(dirname(binary), { recursive: true });
    expect([...printed]).toEqual([...Buffer.from([0x61, 0xff, 0x0a, 0x7c, 0xfe, 0x0a, 0x7c])]);
  });

  it('are no reason to put anything in front of a native hermes that needs it not', () => {
    const raw = { args: () => [], env: () => [] };
    const native = { binary: '/opt/hermes', args: ['chat'], env: {} };
    expect(nativeCommand(native, { ignored: [], closed: [] }, raw)).toEqual(['/opt/hermes', 'chat']);
    expect(nativeCommand(native, { ignored: ['SIGHUP'], closed: [1] }, raw).slice(3)).toEqual([
      ...['sh', 'HUP', '-1', '0', '/opt/hermes', 'chat'],
    ]);
  });
});

describe('a session in a terminal', () => {
  it.each([
    [130, { kind: 'signal', signal: 'SIGINT' }],
    [131, { kind: 'signal', signal: 'SIGQUIT' }],
    [0, { kind: 'code', code: 0 }],
    [1, { kind: 'code', code: 1 }],
    [143, { kind: 'code', code: 143 }],
  ])('that ended with %i ends as %j', (code, ending) => {
    expect(endOfTerminalSession(code)).toEqual(ending);
  });

  it('whose client was killed is never a success', () => {
    expect([0, 1, 2, 255].map(codeOfKilledClient)).toEqual([143, 1, 2, 255]);
  });
});
