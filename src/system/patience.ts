/** How long an engine may take, in milliseconds. */
export type Patience = {
  /** how long one that shows no sign of life is waited for */
  readonly silentMs: number;
  /** how often it is looked at afterwards: it must have been at work since the look before */
  readonly everyMs: number;
  /** how long it is waited for, whatever it does */
  readonly longestMs: number;
};

/**
 * An engine that does nothing for 15 s hangs. One that is busy with others is only slow: podman under 60 calls at once
 * on two slow cores took 31 s for an `inspect` (measured).
 */
export const enginePatience: Patience = { silentMs: 15_000, everyMs: 5000, longestMs: 120_000 };

/** What shows whether an engine is at work. */
export type Signs = {
  /** begins to watch, or begins anew */
  readonly watch: () => void;
  /** was there a sign of life since? */
  readonly seen: () => boolean;
};

/** How long was waited in vain, in milliseconds, and whether the engine was at work until the end. */
export type Silence = { readonly waitedMs: number; readonly busy: boolean };

/**
 * Gives an engine its time: calls `giveUp` when it has shown no sign of life for too long, or has taken too long
 * whatever it did.
 * @param signs asked for only when most of the time is up
 * @returns ends the watch: the answer is there
 */
export function allowTime(
  { silentMs, everyMs, longestMs }: Patience,
  signs: () => Promise<Signs>,
  giveUp: (silence: Silence) => void,
): () => void {
  const begun = process.uptime();
  const waited = (): number => Math.round((process.uptime() - begun) * 1000);
  let watched: Signs | undefined;
  let timer = setTimeout(begin, silentMs - everyMs);
  function begin(): void {
    timer = setTimeout(look, everyMs);
    void signs().then((found) => {
      found.watch();
      watched = found;
    });
  }
  function look(): void {
    const waitedMs = waited();
    const busy = watched?.seen() ?? false;
    if (!busy || waitedMs >= longestMs) {
      giveUp({ waitedMs, busy });
      return;
    }
    watched?.watch();
    timer = setTimeout(look, Math.min(everyMs, longestMs - waitedMs));
  }
  return () => clearTimeout(timer);
}

/** The same, or a fixed time in milliseconds, whatever the signs. */
export function limitTime(
  time: number | Patience,
  signs: () => Promise<Signs>,
  giveUp: (silence: Silence) => void,
): () => void {
  if (typeof time !== 'number') return allowTime(time, signs, giveUp);
  const timer = setTimeout(() => giveUp({ waitedMs: time, busy: false }), time);
  return () => clearTimeout(timer);
}
