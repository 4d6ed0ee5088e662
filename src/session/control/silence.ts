import type { ProbeResult } from '../../engine/probe-result.ts';
import { enginePatience, type Silence } from '../../system/patience.ts';

/** The watch over a session whose hermes has not begun: every one over the API, and a client's in a recalled container. */
export type SilenceWatch = {
  /** Resolves when the engine is known to hang. */
  readonly silent: Promise<Silence>;
  readonly stop: () => void;
};

/**
 * Watches whether the engine does anything before hermes has begun: one that hangs would be waited for without end. After a
 * while it is asked for the container, which has a time limit of its own. One that answers is only slow.
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
