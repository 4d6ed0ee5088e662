import { isTaken, listen, listenNoMore } from './listen.ts';

/** Signals that people and programs send, and that end a process which does not listen (signal(7)). */
export const fatalSignals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/** What ends the processes that shall not outlive us. */
const ties = new Set<() => void>();

/**
 * Ties a process to this one: when a signal ends us, it is ended first. It lives in a process session of its own, so
 * that nobody else's Ctrl-C reaches it.
 * @returns unties it; that we die by the signals stays, until somebody else listens to them
 */
export function tie(end: () => void): () => void {
  ties.add(end);
  dieBy(fatalSignals.filter((signal) => process.listenerCount(signal) === 0));
  return () => void ties.delete(end);
}

/** Ends what is tied to us; for whoever handles a signal itself. */
export function endTied(): void {
  for (const end of ties) end();
}

/**
 * From now on these signals have the effect that they have on a program which does not listen, but end first what is
 * tied to us. Those that the caller ignores stay ignored.
 */
export function dieBy(signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) {
    if (isFatal(signal) && !isTaken(signal)) listen([signal], die);
    else listenNoMore([signal]);
  }
}

function isFatal(signal: NodeJS.Signals): boolean {
  return fatalSignals.some((one) => one === signal);
}

function die(signal: NodeJS.Signals): void {
  endTied();
  listenNoMore([signal]);
  process.kill(process.pid, signal);
}
