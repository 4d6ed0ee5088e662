/** Decoding what the probe reports of itself (`hermes report`). */
import { withoutSpinner } from './screen.ts';

export interface Report {
  /** Arguments after the program's name, each byte as it arrived. `args` is the same as UTF-8. */
  argv: Buffer[];
  args: string[];
  /** The program as it was called: the last of what sh put in front, the script's path. */
  program: string;
  /** The environment at the start, before sh touched it. */
  env: Record<string, string>;
  environ: Buffer[];
  cwd: string;
  umask: string;
  uid: number;
  gid: number;
  groups: number[];
  pid: number;
  ppid: number;
  pgid: number;
  sid: number;
  /** Foreground process group of the terminal, -1 without one. */
  tpgid: number;
  /** Is it a terminal: stdin, stdout, stderr. */
  terminal: [boolean, boolean, boolean];
  size: { rows: number; cols: number } | null;
  /** Where /proc/self/fd/0…2 lead: `pipe:[123]`, `/dev/pts/0`, … Equal strings are the same file. */
  files: [string, string, string];
  /** All open descriptors. sh keeps the script itself open on 10 or above. */
  fds: number[];
  /** Signal numbers. */
  ignored: number[];
  blocked: number[];
}

/**
 * Reads what `hermes report FILE ARG…` printed, from a file, a pipe or a terminal. `args` has the probe's own two words
 * in front, as they are arguments like any other. Throws where the report is cut off.
 */
export function readReport(printed: string | Uint8Array): Report {
  const text = typeof printed === 'string' ? printed : Buffer.from(printed).toString('latin1');
  const lines = withoutSpinner(text).split(/\r?\n/);
  const first = lines.findIndex((line) => line.startsWith('argv '));
  const last = lines.indexOf('end', first);
  if (first < 0 || last < 0) throw new Error(`not a whole report: ${JSON.stringify(text.slice(0, 2000))}`);
  const fields = new Map(
    lines.slice(first, last).map((line) => {
      const blank = `${line} `.search(/\s/);
      return [line.slice(0, blank), line.slice(blank + 1).trim()] as const;
    }),
  );
  const field = (key: string) => fields.get(key) ?? '';
  const words = (key: string) =>
    field(key)
      .split(/\s+/)
      .filter((word) => word !== '');
  const path = (key: string) => unhex(field(key)).toString().replace(/\n$/, '');
  // sh, the script, then its arguments.
  const [, script = Buffer.of(), ...argv] = splitAtNul(unhex(field('argv')));
  const environ = splitAtNul(unhex(field('environ')));
  const [pid = 0, , ppid = 0, pgid = 0, sid = 0, , tpgid = 0] = words('stat').map(Number);
  const [tty0, tty1, tty2] = words('tty').map((word) => word === 'yes');
  const [rows, cols] = words('size').map(Number);
  return {
    argv,
    args: argv.map(String),
    program: String(script),
    env: Object.fromEntries(environ.map((entry) => splitOnce(String(entry), '='))),
    environ,
    cwd: path('cwd'),
    umask: field('umask'),
    uid: Number(words('Uid:')[0]),
    gid: Number(words('Gid:')[0]),
    groups: words('Groups:').map(Number),
    pid,
    ppid,
    pgid,
    sid,
    tpgid,
    terminal: [tty0 === true, tty1 === true, tty2 === true],
    size: rows !== undefined && cols !== undefined ? { rows, cols } : null,
    files: [path('fd0'), path('fd1'), path('fd2')],
    fds: words('fds').map(Number),
    ignored: signalsOf(field('SigIgn:')),
    blocked: signalsOf(field('SigBlk:')),
  };
}

const unhex = (text: string): Buffer => Buffer.from(text, 'hex');

/** Every piece of /proc/<pid>/cmdline and environ ends with a NUL, the last one too. */
function splitAtNul(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const nul = bytes.indexOf(0, from);
    const to = nul < 0 ? bytes.length : nul;
    pieces.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return pieces;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A mask as in proc(5): bit n - 1 is signal n. */
function signalsOf(mask: string): number[] {
  const bits = BigInt(`0x${mask || '0'}`);
  return Array.from({ length: 64 }, (_, index) => index + 1).filter((n) => (bits >> BigInt(n - 1)) & 1n);
}
