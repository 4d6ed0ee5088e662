import { type EngineAccess, scriptCommand } from '../engine/access.ts';
import { runCommand } from '../engine/run-command.ts';
import { sleep } from '../report/sleep.ts';
import { trace } from '../report/trace.ts';
import type { Environment } from '../route/inside.ts';
import { noteRoots } from './doorman.ts';

/** How often an engine is asked to end a session that nobody else would end, a second apart, where it fails to. */
export const tries = 4;

/** How long a session without an owner has after its HUP before it is killed, in seconds. */
export const graceSeconds = 10;

/**
 * What the shim asks in the container after the start, each by a second exec as the session's own user (root in
 * there may lack SYS_PTRACE, and needs no more than the user does). `$1` session id, `$2` user, `$3` what:
 * a signal's name (`$4` `group` or `process`; it says `found` and waits for a line before it signals), `state`, `gone` (waits for it), `hangup` (HUP, grace, KILL), `kill`.
 * The first process is found by the doorman's note; pid and start time both count, since pids come again. Where no
 * note can be written at all (nothing in there is writable) it is looked for by its environ, which is less reliable.
 * A session that is not up yet is waited for: it can start up to 70 ms after its client died (measured), 2 s here.
 */
export const errand = `look() {
  p= known=
  for n in ${noteRoots
    .map((root) => `"${root}$2"`)
    .map((root) => `${root}/*`)
    .join(' ')}; do
    [ -f "$n" ] && read -r a t i s <"$n" && [ "$i" = "$1" ] || continue
    known=$s
    read -r z <"/proc/$a/stat" || continue
    set -- "$1" "$2" \${z##*) }
    [ "$3" = Z ] || [ "\${22}" != "$t" ] || p=$a
    return
  done
  for n in ${noteRoots.map((root) => `"${root}$2"`).join(' ')}; do [ -d "$n" ] && return; done
  for n in /proc/[0-9]*; do
    grep -q "HERMES_SHIM_SESSION=$1" "$n/environ" && read -r z <"$n/stat" || continue
    set -- "$1" "$2" \${z##*) }
    [ "/proc/$6" = "$n" ] && [ "$3" != Z ] && known=started p=$6 t=\${22} && return
  done
} 2>/dev/null
wait_up() { c=0; look "$@"; while [ -z "$known" ] && [ $c -lt 40 ]; do c=$((c + 1)); sleep 0.05; look "$@"; done; }
alive() { read -r z <"/proc/$p/stat" && set -- \${z##*) } && [ "$1" != Z ] && [ "\${20}" = "$t" ]; } 2>/dev/null
members() {
  for d in /proc/[0-9]*; do
    read -r z <"$d/stat" || continue
    set -- \${z##*) }
    [ "$4" = "$p" ] && [ "$1" != Z ] && echo "\${d#/proc/}"
  done
} 2>/dev/null
kill_all() { m=$(members); [ -z "$m" ] || kill -KILL $m; } 2>/dev/null
wait_up "$1" "$2"
[ -n "$known" ] || { echo never; exit; }
case $3 in
  state) [ -n "$p" ] && echo alive || echo gone ;;
  gone) while [ -n "$p" ] && alive; do sleep 0.1; done; echo gone ;;
  kill) [ -z "$p" ] || kill_all; echo gone ;;
  hangup)
    if [ -n "$p" ]; then
      kill -HUP "$p"
      c=0
      while [ -n "$(members)" ] && [ $c -lt $4 ]; do c=$((c + 1)); sleep 0.1; done
      kill_all
    fi 2>/dev/null
    echo gone ;;
  *)
    [ -n "$p" ] || { echo gone; exit; }
    echo found
    read -r go
    case $4 in group) kill "-$3" "-$p" ;; *) kill "-$3" "$p" ;; esac 2>/dev/null && echo delivered || echo gone ;;
esac`;

/** What a session's first process was found to be; `never`: it did not start; `unknown`: nobody could be asked. */
export type Finding = 'alive' | 'gone' | 'delivered' | 'never' | 'unknown';

/** How a delivery went. */
export type Delivery = {
  readonly finding: Finding;
  /**
   * The engine's client had ended before the signal went out. The errand finds the process, asks, and signals only
   * when answered: so if it could still be signalled, the client had ended without it.
   */
  readonly clientFirst: boolean;
};

/** Whom a signal is for: the first process alone, or its process group, as a terminal's Ctrl-C. */
export type Addressee = 'process' | 'group';

/** Carries signals and questions to one session. */
export type Messenger = {
  /** Delivers a signal, after those that were sent before. */
  readonly send: (signal: string, to: Addressee) => Promise<Delivery>;
  readonly state: () => Promise<Finding>;
  /** Resolves when the first process is gone. */
  readonly gone: () => Promise<Finding>;
  /** HUP, then after the grace KILL for what is left of its process session. */
  readonly hangUp: () => Promise<Finding>;
  readonly kill: () => Promise<Finding>;
};

/** Which session. */
export type Address = {
  readonly via: EngineAccess;
  readonly containerId: string;
  readonly user: string;
  readonly sessionId: string;
};

/** The command line of one errand. */
export function errandCommand(
  { via, containerId, user, sessionId }: Address,
  words: readonly string[],
): readonly string[] {
  const asked = {
    containerId,
    user,
    script: errand,
    name: 'hermes-errand',
    args: [sessionId, user, ...words],
  };
  return scriptCommand(via, asked, ['-i']);
}

/** Longest time an errand that does not wait for hermes may take, in milliseconds. */
const promptMs = 20_000;

/** The longest timer there is. */
const forEverMs = 2 ** 31 - 1;

/**
 * Opens the way to a session; nothing is started until something is sent.
 * @param clientHasEnded asked at the moment a signal goes out
 */
export function openMessenger(address: Address, env: Environment, clientHasEnded: () => boolean): Messenger {
  const run = async (
    words: readonly string[],
    timeoutMs: number,
    answer?: () => string,
  ): Promise<Finding> => {
    const result = await runCommand(errandCommand(address, words), { env, timeoutMs, answer });
    const finding = toFinding(result.kind === 'exited' ? result.stdout : '');
    trace(() => `errand ${words.join(' ')}: ${finding}`);
    return finding;
  };
  const deliver = async (signal: string, to: Addressee): Promise<Delivery> => {
    let clientFirst = false;
    const finding = await run([signal.replace(/^SIG/, ''), to], promptMs, () => {
      clientFirst = clientHasEnded();
      return 'go\n';
    });
    return { finding, clientFirst };
  };
  const insist = async (words: readonly string[], timeoutMs: number): Promise<Finding> => {
    for (let left = tries - 1; ; left -= 1) {
      const finding = await run(words, timeoutMs);
      if (finding !== 'unknown' || left === 0) return finding;
      await sleep(1000);
    }
  };
  let queue: Promise<unknown> = Promise.resolve();
  return {
    send: (signal, to) => {
      const sent = queue.then(() => deliver(signal, to));
      queue = sent;
      return sent;
    },
    state: () => run(['state'], promptMs),
    gone: () => run(['gone'], forEverMs),
    hangUp: () => insist(['hangup', String(graceSeconds * 10)], promptMs + graceSeconds * 1000),
    kill: () => insist(['kill'], promptMs),
  };
}

function toFinding(stdout: string): Finding {
  const word = stdout.trim().split('\n').at(-1) ?? '';
  return word === 'alive' || word === 'gone' || word === 'delivered' || word === 'never' ? word : 'unknown';
}
