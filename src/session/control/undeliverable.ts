import type { Finding } from './control-script.ts';
import { patienceMs } from './session-control.ts';
import { endingSignals, type HandledSignal } from './signals.ts';

/** A second signal sooner than this after the first is not a person's: `timeout`, a shell and a terminal send several. */
const secondMs = 1000;

/** A signal on its way: when it came, in milliseconds, and what came of it so far. */
type OnItsWay = { readonly signal: HandledSignal; readonly at: number; finding: Finding | undefined };

/**
 * Is it time to end by this signal, which has just come, since an earlier one has not got through? In a container that
 * is paused, or with an engine that does not answer, nobody else would end us.
 */
export function endsAtOnce(signal: HandledSignal, atMs: number, before: readonly OnItsWay[]): boolean {
  const stuck = (one: OnItsWay): boolean =>
    endingSignals.includes(one.signal) && one.finding === undefined && atMs - one.at >= secondMs;
  return endingSignals.includes(signal) && before.some(stuck);
}

/** What the end of the shim by an undelivered signal depends on. */
type Facts = { readonly clientEnded: () => boolean };

/** Watches over signals that do not get through. */
export type Undeliverable = {
  /** To be told of each signal, with its way into the session. */
  readonly watch: (signal: HandledSignal, delivery: Promise<{ readonly finding: Finding }>) => void;
  /** Ends the shim by a signal whose consequences did not come. */
  readonly giveUp: (signal: HandledSignal) => void;
  /** The signal by which the shim has to end, with its session left to the watchdog. */
  readonly givenUp: Promise<HandledSignal>;
  readonly stop: () => void;
};

/**
 * Decides when the shim ends by a signal that did not reach the session: at a person's second one, or `patienceMs`
 * after the first. USR1 and USR2 ask for no end: they are tried for as long as there is a client. Also where the
 * session has ended and its client does not.
 */
export function watchUndeliverable({ clientEnded }: Facts): Undeliverable {
  const sent: OnItsWay[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let giveUp: (signal: HandledSignal) => void = () => undefined;
  const givenUp = new Promise<HandledSignal>((resolve) => {
    giveUp = resolve;
  });
  return {
    givenUp,
    giveUp: (signal) => giveUp(signal),
    watch: (signal, delivery) => {
      const one: OnItsWay = { signal, at: performance.now(), finding: undefined };
      if (endsAtOnce(signal, one.at, sent)) giveUp(signal);
      sent.push(one);
      const isDue = (): boolean => {
        if (one.finding !== undefined) return !clientEnded();
        return endingSignals.includes(signal) || clientEnded();
      };
      const timer = setInterval(() => isDue() && giveUp(signal), patienceMs);
      timers.add(timer);
      void delivery.then(({ finding }) => {
        one.finding = finding;
        if (finding === 'delivered') clearInterval(timer);
      });
    },
    stop: () => timers.forEach((timer) => void clearInterval(timer)),
  };
}
