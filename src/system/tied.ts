/** Signals that end us while we look for a container. HUP, INT and QUIT may be ignored by the caller: then they have a listener. */
const endings = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/** What ends the processes that shall not outlive us. */
const ties = new Set<() => void>();

const caught = new Set<NodeJS.Signals>();

/**
 * Ties a process to this one: when a signal ends us, it is ended first. It lives in a process session of its own, so
 * that nobody else's Ctrl-C reaches it.
 * @returns unties it
 */
export function tie(end: () => void): () => void {
  ties.add(end);
  for (const signal of endings) {
    if (caught.has(signal) || (signal !== 'SIGUSR1' && process.listenerCount(signal) > 0)) continue;
    caught.add(signal);
    process.on(signal, die);
  }
  return () => {
    ties.delete(end);
    if (ties.size === 0) letGo();
  };
}

/** Ends what is tied to us; for whoever handles a signal itself. */
export function endTied(): void {
  for (const end of ties) end();
}

function letGo(): void {
  for (const signal of caught) process.removeListener(signal, die);
  caught.clear();
}

function die(signal: NodeJS.Signals): void {
  endTied();
  letGo();
  process.kill(process.pid, signal);
}
