import type { ProbeResult } from '../../engine/probe-result.ts';
import { enginePatience, type Silence } from '../../system/patience.ts';

/** The watch over a client that enters a container without having looked. */
export type SilenceWatch = {
  /** Resolves when the engine is known to hang. */
  readonly silent: Promise<Silence>;
  readonly stop: () => void;
};

/**
 * Watches whether the engine does anything at all: nobody has asked it before, so a client that waits for an engine that
 * hangs would wait for ever. Where hermes has not begun after a while, the engine is asked for the container, which has
 * its own limit of time. One that answers is only slow.
 * @param started resolves when hermes has begun
 * @param ask a probe
 * @param everyMs after so many milliseconds it is asked, and again after each answer
 */
export function watchSilence(
  started: Promise<void>,
  ask: () => Promise<ProbeResult>,
  everyMs: number = enginePatience.everyMs,
): SilenceWatch {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const stop = (): void => {
    over = true;
    clearTimeout(timer);
  };
  void started.then(stop);
  const silent = new Promise<Silence>((resolve) => {
    const look = async (): Promise<void> => {
      const result = await ask();
      if (over) return;
      if (result.kind === 'silent') resolve({ waitedMs: result.waitedMs + everyMs, busy: result.busy });
      else timer = setTimeout(() => void look(), everyMs);
    };
    timer = setTimeout(() => void look(), everyMs);
  });
  return { silent, stop };
}
