import { spawn } from 'node:child_process';
import type { Size } from '../../engine/transport/api/exec.ts';

/** As docker's and podman's clients do: every key goes in as it is, every byte comes out as it is. */
const rawSettings = ['raw', '-echo', '-echoe', '-echonl', '-iexten', 'cs8', '-parenb'];

/** After so many milliseconds in which hermes has not begun, keys are signals again: nobody reads them as bytes yet. */
const keysAfterMs = 1000;

/**
 * Makes the caller's terminal raw. By stty, since node's own raw mode leaves the output's translation of newlines on
 * (libuv's tty.c), which the container's terminal does already. From the background it stops us (TTOU), as any program.
 */
const makeRaw = (): Promise<void> => setTerminal(rawSettings);

/** A terminal that is raw for a session. */
export type RawTerminal = {
  /** resolves when it is as was asked for so far */
  readonly done: () => Promise<void>;
  /** the caller's shell has set it as it likes it, at a stop: resolves when it is raw again */
  readonly again: () => Promise<void>;
  /** hermes begins, which reads its keys */
  readonly begun: () => void;
  /** the session is over: resolves when nothing changes the terminal any more */
  readonly over: () => Promise<void>;
};

/** Makes it raw for a session that is to begin. Ctrl-C becomes a signal again while an engine takes long for that: it may hang. */
export function makeRawBeforehand(): RawTerminal {
  let done = makeRaw();
  let keys = false;
  const timer = setTimeout(() => {
    keys = true;
    done = done.then(leaveKeys);
  }, keysAfterMs);
  return {
    done: () => done,
    again: () => {
      done = done.then(makeRaw).then(() => (keys ? leaveKeys() : undefined));
      return done;
    },
    begun: () => {
      clearTimeout(timer);
      if (keys) done = done.then(makeRaw);
      keys = false;
    },
    over: () => {
      clearTimeout(timer);
      return done;
    },
  };
}

/** Ctrl-C and Ctrl-\ are signals; Ctrl-Z is not, which would leave a shell with a raw terminal. */
const leaveKeys = (): Promise<void> => setTerminal(['isig', 'susp', 'undef']);

function setTerminal(settings: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const stty = spawn('stty', settings, { stdio: ['inherit', 'ignore', 'ignore'] });
    stty.once('error', () => resolve()).once('exit', () => resolve());
  });
}

/** The terminal's size now, where it has one. */
export function readSize(): Promise<Size | undefined> {
  return new Promise((resolve) => {
    const stty = spawn('stty', ['size'], { stdio: ['inherit', 'pipe', 'ignore'] });
    let text = '';
    stty.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    stty.once('error', () => resolve(undefined)).once('close', () => resolve(toSize(text)));
  });
}

/** Reads what `stty size` prints; a size of nothing is none. */
export function toSize(text: string): Size | undefined {
  const [, rows = '0', columns = '0'] = /^(\d{1,5}) (\d{1,5})\s*$/.exec(text) ?? [];
  return Number(rows) > 0 && Number(columns) > 0
    ? { rows: Number(rows), columns: Number(columns) }
    : undefined;
}
