/** One generated call of hermes: everything about a call that a caller can choose, and how such calls are generated. */
import fc from 'fast-check';
import type { Filler } from './filler.ts';

export type Stdin = 'null' | 'closed' | 'file' | 'pipe' | 'slow' | 'open';
export type Outputs = 'pipes' | 'one pipe' | 'files' | 'one file' | 'null';
export type Place =
  | 'root'
  | 'state'
  | 'workspace'
  | 'newline'
  | 'no text'
  | 'store'
  | 'elsewhere'
  | 'mounted'
  | 'covered'
  | 'locked'
  | 'deleted';

export interface Case {
  args: Buffer[];
  code: number;
  stdin: Stdin;
  input: Filler;
  /** Where hermes copies its stdin; `-`: it does not read it. */
  copy: 'out' | 'err' | '-';
  outBytes: number;
  errBytes: number;
  /** Lines in turn on stdout and stderr. */
  lines: number;
  outputs: Outputs;
  umask: number;
  place: Place;
  /** Of those that are forwarded, and of those that are not. */
  env: ReadonlyArray<readonly [string, Buffer]>;
  /** Listed in HERMES_SHIM_FORWARD_ENV. */
  secrets: ReadonlyArray<readonly [string, Buffer]>;
  /** How they are listed: by name, or by what they all begin with. */
  listedBy: 'name' | 'prefix';
  ignored: readonly string[];
  open: readonly number[];
}

export const forwardedNames = [
  ...['TERM', 'COLORTERM', 'COLORFGBG', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION', 'LANG', 'TZ'],
  ...['LC_ALL', 'LC_CTYPE', 'LC_PAPER', 'NO_COLOR', 'FORCE_COLOR', 'CLICOLOR', 'CLICOLOR_FORCE'],
  ...['HERMES_INFERENCE_MODEL', 'HERMES_INFERENCE_PROVIDER', 'HERMES_YOLO_MODE', 'HERMES_ACCEPT_HOOKS'],
  ...['HERMES_IGNORE_RULES', 'HERMES_IGNORE_USER_CONFIG', 'HERMES_SAFE_MODE', 'HERMES_QUIET', 'HERMES_TUI'],
  ...['HERMES_ACP_SKIP_CONFIGURED_MCP', 'HERMES_TUI_THEME', 'HERMES_TUI_RESUME'],
  'HERMES_EPHEMERAL_SYSTEM_PROMPT',
];

/** Whoever is at home on the host stays there. */
const keptNames = [
  ...['FOO', 'PYTHONPATH', 'VIRTUAL_ENV', 'XDG_SESSION_ID', 'SSH_AUTH_SOCK', 'EDITOR', 'OPENROUTER_API_KEY'],
  ...['HERMES_SESSION_KEY', 'HERMES_SHIM_NOTHING', 'HERMES_MANAGED', 'LANGUAGE', 'TERMINFO', 'NODE_OPTIONS'],
  ...['NODE_PATH', 'd', 'n', 's', 'i', 'OLDPWD', 'CDPATH', 'ENV', 'PS4', 'LOGNAME'],
];

const awkward = [
  ...['', ' ', '-', '--', '-e', '-n', '--help', 'a b', "it's", '"', '\\', '\\\\n', '$HOME', '$(id)', '`id`'],
  ...[
    '*',
    '?',
    '[a-z]',
    '~',
    '{a,b}',
    '!!',
    '&',
    ';',
    '|',
    '>x',
    '#',
    '%s',
    '%d',
    '%',
    '%%',
    '\\c',
    '\\0101',
  ],
  ...[
    'line\nbreak',
    '\n',
    'ends in one\n',
    '\n\n\n',
    '\r\n',
    '\t',
    '\x07',
    '\x1b[31m',
    '\x7f',
    '.',
    '=',
    '+',
  ],
  ...[
    'ü漢🙂',
    '\ufffd',
    '\ufeff',
    'e\u0301',
    '\u202e',
    'A=B',
    '--name=value',
    '-uroot',
    '/dev/stdin',
    '@file',
  ],
];

const text = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((value) => Buffer.from(value.replaceAll('\0', '')));
const bytes = fc.uint8Array({ min: 1, max: 255, maxLength: 40 }).map((value) => Buffer.from(value));
const surrogate = fc.constant(Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]));
const word = fc.oneof(
  { arbitrary: fc.constantFrom(...awkward).map((value) => Buffer.from(value)), weight: 5 },
  { arbitrary: text, weight: 4 },
  { arbitrary: bytes, weight: 2 },
  { arbitrary: surrogate, weight: 1 },
);

/** Up to 100 KB of anything but NUL. */
const long = fc
  .tuple(
    fc.integer({ min: 1000, max: 100_000 }),
    fc.uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 30 }),
  )
  .map(([size, pattern]) => Buffer.alloc(size, pattern));

const args = fc.oneof(
  { arbitrary: fc.array(word, { maxLength: 6 }), weight: 30 },
  { arbitrary: fc.array(fc.oneof(word, long), { minLength: 1, maxLength: 5 }), weight: 2 },
  { arbitrary: fc.array(word, { minLength: 100, maxLength: 1000, size: 'max' }), weight: 1 },
);

/** Mostly little; the sizes at which pipes and buffers end; now and then ten megabytes. */
const size = fc.oneof(
  { arbitrary: fc.constant(0), weight: 30 },
  { arbitrary: fc.integer({ min: 1, max: 2000 }), weight: 50 },
  { arbitrary: fc.constantFrom(4095, 4096, 4097, 32_767, 32_768, 65_535, 65_536, 65_537), weight: 15 },
  { arbitrary: fc.integer({ min: 100_000, max: 1_000_000 }), weight: 4 },
  { arbitrary: fc.constant(10_000_000), weight: 1 },
);
const filler = fc.record({ kind: fc.constantFrom('text', 'lines', 'binary'), size });

const value = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      '1',
      '0',
      '',
      'xterm-256color',
      'C.UTF-8',
      'two\nlines',
      '\n',
      'a=b',
      ' ',
      '*',
    ),
    weight: 4,
  },
  { arbitrary: text, weight: 2 },
  { arbitrary: bytes, weight: 1 },
);
const toBytes = (all: ReadonlyArray<readonly [string, string | Buffer]>): Array<readonly [string, Buffer]> =>
  all.map(([name, content]) => [name, Buffer.from(content as string)]);
const variables = (names: fc.Arbitrary<string>, maxLength: number) =>
  fc.uniqueArray(fc.tuple(names, value), { selector: ([name]) => name, maxLength }).map(toBytes);

/** What cannot pass through sudo is an error, which has a test of its own. */
const passesSudo = (content: Buffer): boolean =>
  !/[\n\r]/.test(content.toString('latin1')) && Buffer.from(content.toString()).equals(content);

export interface Limits {
  throughSudo: boolean;
  readsAll: boolean;
}

/**
 * Generated calls. `throughSudo`: of the secrets, only what can go that way. `readsAll`: hermes leaves nothing unread on
 * its stdin, for then podman loses what came out last (its conmon closes a socket with bytes in it; also without the shim).
 */
export const anyCase = ({ throughSudo, readsAll }: Limits): fc.Arbitrary<Case> =>
  fc
    .record<Case>({
      args,
      code: fc.integer({ min: 0, max: 255 }),
      stdin: fc.constantFrom<Stdin>('null', 'closed', 'file', 'pipe', 'slow', 'open'),
      input: filler as fc.Arbitrary<Filler>,
      copy: fc.constantFrom('out', 'err', '-'),
      outBytes: size,
      errBytes: size,
      lines: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
      outputs: fc.constantFrom<Outputs>('pipes', 'pipes', 'one pipe', 'files', 'one file', 'null'),
      umask: fc.oneof(fc.constantFrom(0o022, 0o077, 0o027, 0o002, 0), fc.integer({ min: 0, max: 0o777 })),
      place: fc.constantFrom<Place>(
        ...(['root', 'state', 'workspace', 'newline', 'no text', 'store', 'elsewhere'] as const),
        ...(['mounted', 'covered', 'locked', 'deleted'] as const),
      ),
      env: variables(fc.constantFrom(...forwardedNames, ...keptNames), 6),
      secrets: variables(
        fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/).map((name) => `SECRET_${name}`),
        3,
      ).map((all) => (throughSudo ? all.filter(([, content]) => passesSudo(content)) : all)),
      listedBy: fc.constantFrom('name', 'prefix'),
      ignored: fc.subarray(['HUP', 'INT', 'QUIT'], { maxLength: 2 }),
      open: fc.oneof(fc.constant([]), fc.uniqueArray(fc.integer({ min: 3, max: 100 }), { maxLength: 3 })),
    })
    .map((one) => (readsAll && one.copy === '-' ? { ...one, input: { ...one.input, size: 0 } } : one));
