import type { IgnorableSignal } from '../../route/caller.ts';
import type { Addressee } from './session-control.ts';

/** Signals that the shim takes and hands on. */
export type HandledSignal =
  | 'SIGHUP'
  | 'SIGINT'
  | 'SIGQUIT'
  | 'SIGTERM'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGTSTP'
  | 'SIGCONT';

/** Those by which somebody asks for an end. */
export const endingSignals: readonly HandledSignal[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'];

const all: readonly HandledSignal[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTSTP',
  'SIGCONT',
];

/** Those to take in a session: all but what the caller ignores; stopping is a terminal session's own affair. */
export function handledSignals(
  ignored: readonly IgnorableSignal[],
  terminal: boolean,
): readonly HandledSignal[] {
  const kept = all.filter((signal) => !(ignored as readonly string[]).includes(signal));
  return terminal ? kept.filter((signal) => signal !== 'SIGTSTP' && signal !== 'SIGCONT') : kept;
}

/**
 * Whom a signal is for. INT and QUIT are a keyboard's: it sends them to a whole process group; in a terminal
 * session the keyboard's arrive as bytes, so there somebody used `kill` and meant the one process.
 */
export function addressee(signal: HandledSignal, terminal: boolean): Addressee {
  return !terminal && (signal === 'SIGINT' || signal === 'SIGQUIT') ? 'group' : 'process';
}
