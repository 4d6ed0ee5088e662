type Listener = (signal: NodeJS.Signals) => void;

const listeners = new Map<NodeJS.Signals, Listener>();

/**
 * From now on these signals are this listener's, no longer that of whoever was told here before. Nobody else may take a
 * listener away from a signal before another one is there: a signal that has been caught but not told yet (which happens
 * when the loop turns) is forgotten with the last listener, and we would live on as if it had never come (measured: a
 * TERM in the tenth of a second in which a session is planned and started, twice in sixty under load).
 */
export function listen<S extends NodeJS.Signals>(signals: readonly S[], onSignal: (signal: S) => void): void {
  const listener = onSignal as Listener;
  for (const signal of signals) {
    process.on(signal, listener);
    drop(signal);
    listeners.set(signal, listener);
  }
}

/** Takes them from whoever was told here; whatever is caught but not told by then is forgotten. */
export function listenNoMore(signals: readonly NodeJS.Signals[]): void {
  signals.forEach(drop);
}

function drop(signal: NodeJS.Signals): void {
  const before = listeners.get(signal);
  if (before !== undefined) process.removeListener(signal, before);
  listeners.delete(signal);
}

/** Does somebody listen who was not told here? The caller ignores such a signal. */
export function isTaken(signal: NodeJS.Signals): boolean {
  return process.listeners(signal).some((one) => one !== listeners.get(signal));
}
