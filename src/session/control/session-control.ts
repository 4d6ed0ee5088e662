import { transportOf } from '../../engine/transport/transport.ts';
import { trace } from '../../report/trace.ts';
import type { Environment } from '../../system/environment.ts';
import { sleep } from '../../system/sleep.ts';
import { toLiveness } from './container-liveness.ts';
import { type Address, controlRequest, type Finding, toFinding } from './control-script.ts';

/** How long a session without an owner has after its HUP before it is killed, in seconds. */
export const graceSeconds = 10;

/** How long an engine that does not answer is asked again before what is left is the watchdog's, in milliseconds. */
export const patienceMs = 10_000;

/** How a delivery went. */
export type Delivery = {
  readonly finding: Finding;
  /**
   * The engine's client had ended before the signal went out. The control script finds the process, asks, and signals only
   * when answered: so if it could still be signalled, the client had ended without it.
   */
  readonly clientFirst: boolean;
};

/** Whom a signal is for: the first process alone, or its process group, as a terminal's Ctrl-C. */
export type Addressee = 'process' | 'group';

/** Carries signals and questions to one session. */
export type SessionControl = {
  /**
   * Delivers a signal, after those that were sent before: tried until the session is known to have got it or to be
   * gone, in a container that is paused for as long as that takes.
   */
  readonly send: (signal: string, to: Addressee) => Promise<Delivery>;
  /** `unknown` after `patienceMs` without an answer. */
  readonly state: () => Promise<Finding>;
  /** Resolves when the first process is gone. */
  readonly gone: () => Promise<Finding>;
  /** HUP, if it had none, then after the grace KILL for what is left of its process session; `unknown` as above. */
  readonly hangUp: () => Promise<Finding>;
  readonly kill: () => Promise<Finding>;
  /** Lets go of all that is under way; what was not delivered by then is not delivered. */
  readonly letGo: () => void;
};

/** Longest time until the control script has found the session or not, in milliseconds. */
const promptMs = 20_000;

/** The longest timer there is. */
const forEverMs = 2 ** 31 - 1;

/** Before a question is asked again: a quarter of a second at first, then ever longer, up to two seconds. */
const pauseBefore = (attempt: number): number => Math.min(250 * attempt, 2000);

/**
 * Opens the way to a session; nothing is started until something is sent.
 * @param hooks.clientEnded asked at the moment a signal goes out
 * @param hooks.hungUp called when the session is known to have had its HUP
 */
export function openSessionControl(
  address: Address,
  env: Environment,
  hooks: { clientEnded: () => boolean; hungUp?: () => void },
): SessionControl {
  const transport = transportOf(address.via, env);
  let left = false;
  let leave: AbortController | undefined;
  let hadHup = false;

  /** @param answer where the control script says `found` first: what to reply; without it nothing is waited for */
  const run = async (
    words: readonly string[],
    timeoutMs: number,
    answer?: () => string,
  ): Promise<Finding> => {
    if (left) return 'unknown';
    leave ??= new AbortController();
    const silence = new AbortController();
    const timer = answer && setTimeout(() => silence.abort(), promptMs);
    const answered =
      answer &&
      ((): string => {
        clearTimeout(timer);
        return answer();
      });
    const signal = AbortSignal.any([leave.signal, silence.signal]);
    const result = await transport.runScript(controlRequest(address, words), {
      timeoutMs,
      answer: answered,
      signal,
    });
    clearTimeout(timer);
    const finding = toFinding(result.kind === 'exited' ? result.stdout : '');
    trace(() => `control script, ${words.join(' ')}: ${finding}`);
    if (finding !== 'unknown' || result.kind !== 'exited' || left) return finding;
    const asked = await transport.state(address.containerId, { timeoutMs: promptMs, signal: leave.signal });
    return toLiveness(asked) === 'over' ? 'gone' : 'unknown';
  };
  const deliverOnce = async (signal: string, to: Addressee): Promise<Delivery> => {
    let clientFirst = false;
    const finding = await run([signal.replace(/^SIG/, ''), to], promptMs, () => {
      clientFirst = hooks.clientEnded();
      return 'go\n';
    });
    return { finding, clientFirst };
  };
  const deliver = async (signal: string, to: Addressee): Promise<Delivery> => {
    for (let attempt = 1; ; attempt += 1) {
      const delivery = await deliverOnce(signal, to);
      const { finding } = delivery;
      // a session can begin for as long as its client is there
      const open = finding === 'unknown' || (finding === 'never' && !hooks.clientEnded());
      if (open && !left) {
        await sleep(pauseBefore(attempt));
        continue;
      }
      if (signal === 'SIGHUP' && finding === 'delivered') {
        hadHup = true;
        hooks.hungUp?.();
      }
      return delivery;
    }
  };
  const insist = async (
    words: readonly string[],
    timeoutMs: number,
    forMs = patienceMs,
    answer?: () => string,
  ): Promise<Finding> => {
    const until = Date.now() + forMs;
    for (let attempt = 1; ; attempt += 1) {
      const finding = await run(words, timeoutMs, answer);
      if (finding !== 'unknown' || left || Date.now() > until) return finding;
      await sleep(pauseBefore(attempt));
    }
  };
  let queue: Promise<unknown> = Promise.resolve();
  let hangsUp = false;
  return {
    send: (signal, to) => {
      // Who kills shim and client at once hangs the session up twice: for the client's end, and by the signal.
      if (signal === 'SIGHUP' && hangsUp)
        return Promise.resolve({ finding: 'delivered', clientFirst: hooks.clientEnded() });
      const sent = queue.then(() => deliver(signal, to));
      queue = sent;
      return sent;
    },
    state: () => insist(['state'], promptMs),
    gone: () => insist(['gone'], forEverMs, forEverMs),
    hangUp: async () => {
      hangsUp = true;
      await queue; // a HUP that is on its way is the session's only one
      const words = ['hangup', String(graceSeconds * 10), ...(hadHup ? ['past'] : [])];
      return insist(words, forEverMs, patienceMs, () => '');
    },
    kill: () => insist(['kill'], promptMs),
    letGo: () => {
      left = true;
      leave?.abort();
    },
  };
}
