import { existsSync, fstatSync, readFileSync, type Stats } from 'node:fs';
import { isatty } from 'node:tty';
import type { NotedDescriptors } from '../../route/caller.ts';
import type { Environment } from '../../system/environment.ts';
import { statField } from '../../system/stat.ts';

/** The caller's three descriptors, as far as the session depends on them. */
export type Descriptors = {
  readonly stdinTerminal: boolean;
  readonly stdoutTerminal: boolean;
  readonly stderrTerminal: boolean;
  /** stdout and stderr are the same file: their order must be kept */
  readonly sameOutput: boolean;
  /** stdin is a directory, on which podman's client waits for ever */
  readonly stdinDirectory?: boolean;
  /** stdin is a pipe, a socket or a file: what somebody has read of it is gone */
  readonly stdinConsumed?: boolean;
  /** stdin is a terminal and we are not its foreground process group */
  readonly background: boolean;
  /** those of 0 to 2 that the caller had closed; node opens /dev/null in their place */
  readonly closed: readonly number[];
};

/** How the session is connected. */
export type Connection = {
  /** a terminal inside (`-t`), which carries both outputs */
  readonly terminal: boolean;
  /** the client's stdin: the caller's own, or /dev/null */
  readonly stdin: 'inherit' | 'ignore';
  /** the exec wrapper sends stderr along with stdout */
  readonly mergeOutput: boolean;
};

/** A look at what this process has open; exchanged in tests. `stat` throws for what is closed. */
export type DescriptorLook = {
  readonly isTerminal: (descriptor: number) => boolean;
  readonly stat: (descriptor: number) => Pick<Stats, 'dev' | 'ino' | 'isDirectory' | 'isCharacterDevice'>;
  /** our own `/proc/<pid>/stat` */
  readonly ownStat: () => string;
};

const realLook: DescriptorLook = {
  // node's tty is loaded only where it is asked: 5 ms
  isTerminal: (descriptor) => isatty(descriptor),
  stat: (descriptor) => fstatSync(descriptor),
  ownStat: () => readFileSync('/proc/self/stat', 'utf8'),
};

/** Looks at descriptors 0, 1 and 2. What the launcher noted of terminals saves asking for them. */
export function readDescriptors(noted: NotedDescriptors, look: DescriptorLook = realLook): Descriptors {
  const terminals = noted.terminals?.split(' ');
  const isTerminal = (descriptor: number): boolean =>
    terminals ? terminals.includes(String(descriptor)) : look.isTerminal(descriptor);
  const stdinTerminal = isTerminal(0);
  const stdin = kindOf(look, 0);
  return {
    stdinTerminal,
    stdoutTerminal: isTerminal(1),
    stderrTerminal: isTerminal(2),
    sameOutput: isSameFile(look, 1, 2),
    stdinDirectory: stdin?.isDirectory() ?? false,
    stdinConsumed: stdin !== undefined && !stdin.isDirectory() && !stdin.isCharacterDevice(),
    background: stdinTerminal && isBackground(look.ownStat()),
    closed: closedOf(noted.open),
  };
}

/**
 * Keeps node's own streams off the caller's outputs. Whenever a socket is closed, node's `net` asks whether it was
 * `process.stderr`; that would make a stream of descriptor 2, and with it make the pipe non-blocking for all who have
 * it: the engine's client would lose what a slow reader has no room for (EAGAIN; seen with 10 MB). Of a terminal node
 * opens one of its own (libuv's tty.c), which the spinner needs. Bun's `net` does not ask, and there it is the word
 * defineProperty that makes the stream (1.4.5).
 */
export function keepStreamsAway({ stdoutTerminal, stderrTerminal }: Descriptors): void {
  if (process.versions.bun !== undefined) return;
  const none = { configurable: true, value: undefined };
  if (!stdoutTerminal) Object.defineProperty(process, 'stdout', none);
  if (!stderrTerminal) Object.defineProperty(process, 'stderr', none);
}

/** Is it a person who waits? */
export function isInteractive(descriptors: Pick<Descriptors, 'stdinTerminal' | 'stdoutTerminal'>): boolean {
  return descriptors.stdinTerminal && descriptors.stdoutTerminal;
}

/** Those of 0 to 2 that are not on the launcher's list; none where there is no list. */
export function closedOf(noted: string | undefined): readonly number[] {
  const open = noted?.split(' ');
  return open === undefined ? [] : [0, 1, 2].filter((descriptor) => !open.includes(String(descriptor)));
}

/** Those above 2 that the caller gave us. */
export function heldOpen(noted: string | undefined): readonly number[] {
  const open = (noted ?? '').split(' ').map(Number);
  return open.filter((descriptor) => descriptor > 2 && existsSync(`/proc/self/fd/${descriptor}`));
}

/**
 * Chooses how the session is connected. Stdin alone must not decide: `hermes sessions list | less` would get CRLF
 * and stderr mixed in. A background job gets /dev/null: from its own process session the engine's client would
 * read what is typed at the shell (no EIO, no SIGTTIN; measured).
 */
export function chooseConnection(descriptors: Descriptors, env: Environment): Connection {
  const terminal = isInteractive(descriptors);
  const silenced = env.HERMES_SHIM_STDIN === '0';
  const foreign = descriptors.stdinTerminal && !terminal && descriptors.background;
  return {
    terminal: terminal && !silenced,
    stdin: silenced || foreign || descriptors.stdinDirectory ? 'ignore' : 'inherit',
    mergeOutput: (!terminal || silenced) && descriptors.sameOutput,
  };
}

/**
 * Is the process with this `/proc/<pid>/stat` outside its terminal's foreground process group? (Field 5 is the process
 * group, field 8 the terminal's foreground group, -1 without a controlling terminal.)
 */
export function isBackground(stat: string): boolean {
  const [group, foreground] = [Number(statField(stat, 5)), Number(statField(stat, 8))];
  return foreground > 0 && group !== foreground;
}

function kindOf(
  { stat }: DescriptorLook,
  descriptor: number,
): ReturnType<DescriptorLook['stat']> | undefined {
  try {
    return stat(descriptor);
  } catch {
    return undefined;
  }
}

function isSameFile({ stat }: DescriptorLook, a: number, b: number): boolean {
  try {
    const [first, second] = [stat(a), stat(b)];
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return false; // a closed descriptor
  }
}
