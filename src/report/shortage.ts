import type { Hint } from './failure.ts';

/** Why the system starts nothing more for us: its error code. */
export type Shortage = keyof typeof shortages;

/** Each in words that stand alone, what to do about it, and whether it may pass by itself, since others use it up. */
const shortages = {
  E2BIG: {
    words: 'the arguments, together with the environment, are too long to be handed on',
    hints: [{ label: 'pass less', text: 'put the long part into a file or on stdin' }],
    passes: false,
  },
  EMFILE: {
    words: 'too few files may be open at once here',
    hints: [
      { label: 'allow more', text: 'ulimit -n 1024   # in a new shell; in a systemd unit: LimitNOFILE=1024' },
    ],
    passes: false,
  },
  ENFILE: {
    words: 'this machine has as many files open as it may',
    hints: [{ label: 'see', text: 'cat /proc/sys/fs/file-nr   # open, 0, most' }],
    passes: true,
  },
  EAGAIN: {
    words: 'no more processes may be started here',
    hints: [
      { label: 'how many', text: 'ps -eLf | wc -l; ulimit -u' },
      { label: 'allow more', text: 'ulimit -u 4096   # in a new shell; in a systemd unit: TasksMax=4096' },
    ],
    passes: true,
  },
  ENOMEM: {
    words: 'there is not enough memory',
    hints: [{ label: 'see', text: 'free -m; ulimit -v' }],
    passes: true,
  },
} as const satisfies Record<string, { words: string; hints: readonly Hint[]; passes: boolean }>;

/** Is this system error's code one of something that ran out? */
export function isShortage(code: string): code is Shortage {
  return Object.hasOwn(shortages, code);
}

/** What ran out, in words with the code, and what to do. */
export function explainShortage(code: Shortage): { readonly words: string; readonly hints: readonly Hint[] } {
  const { words, hints } = shortages[code];
  return { words: `${words} (${code})`, hints };
}

/** May it pass by itself, since others use it up? */
export function mayEase(code: Shortage): boolean {
  return shortages[code].passes;
}
