import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Environment } from '../../route/inside.ts';
import { absent, ended, standingCommand } from './container-liveness.ts';
import { type Address, errand, errandCommand } from './control-script.ts';
import { graceSeconds } from './session-control.ts';

/** Stands for the errand's script in what the watchdog is told: that one has many lines, and it has it already. */
const scriptWord = '@errand';

/** How long it goes on at most, in seconds. */
const daySeconds = 86_400;

/** After so many seconds the client is ended whether or not the session could be: somebody may wait for its outputs. */
const clientSeconds = 20;

/**
 * Reads its stdin, whose other end only the shim holds: the errand's command line and the one that asks for the
 * container's state, a word a line, each with an empty line behind it. Before they are whole there is nothing to end.
 * Then `client` with its pid and start time (a pid may come again); `hup` when the session had its HUP; and at the end
 * `well`, or `suspects`: processes (pid:start) of which one may be the session that outlived its client: who of them
 * is still there two seconds later makes it look. End of file instead means that the shim was killed (OOM, `timeout -s
 * KILL`) or could not reach the session: then session and client are ended as by a hangup. Where the engine does not
 * answer or the container is paused it is tried again, ever more slowly, for a day at most; a container that does not
 * run any more ends it. `$1` the errand's script.
 */
const script = `e=$1 i= p= t=
nl='
'
shift
facts() { read -r s <"/proc/$1/stat" && set -- \${s##*) } && state=$1 start=\${20}; } 2>/dev/null
client_lives() { [ -n "$p" ] && facts "$p" && [ "$start" = "$t" ] && [ "$state" != Z ]; }
end_client() { client_lives && kill -HUP "$p"; } 2>/dev/null
standing() { (IFS=$nl; set -f; exec $i) 2>&1 </dev/null; }
g=
while IFS= read -r w; do
  [ -n "$w" ] || { g=1; break; }
  case $w in ${scriptWord}) w=$e ;; esac
  set -- "$@" "$w"
done
while [ -n "$g" ] && IFS= read -r w && [ -n "$w" ]; do i=$i$w$nl; done
[ -n "$i" ] || exit 0
while IFS= read -r w; do
  case $w in
  well) exit 0 ;;
  hup) set -- "$@" past ;;
  client*) p=\${w#* } t=\${p#* } p=\${p% *} ;;
  suspects*)
    sleep 2
    g=
    for x in \${w#* }; do facts "\${x%%:*}" && [ "\${x#*:}" = "$start" ] && g=1; done
    [ -n "$g" ] || exit 0
    break ;;
  esac
done
{ sleep ${clientSeconds}; end_client; sleep ${daySeconds}; kill -KILL "-$$"; } &
n=0 a=
while :; do
  w=$("$@" 2>/dev/null </dev/null)
  case $w in
  *gone) break ;;
  *never)
    # a session can begin for as long as its client is there
    client_lives || { [ -z "$a" ] || break; a=1; }
    end_client
    continue ;;
  esac
  case $(standing) in
  ${[...ended, ...absent].map((words) => (words.includes(' ') ? `*"${words}"*` : `*${words}`)).join(' | ')}) break ;;
  esac
  s=$((1 + n / 8))
  [ $s -le 300 ] || s=300
  n=$((n + s))
  sleep $s
done
end_client
kill -KILL "-$$"`;

/** The watchdog's leash. */
export type Watchdog = {
  /** From now on the session is ended if we are killed. Before the client is started. */
  readonly guard: (address: Address) => void;
  readonly watch: (client: { pid: number; start: string }) => void;
  /** The session has had its HUP. */
  readonly hungUp: () => void;
  /** All is well; or, where there are suspects, it probably is: the session is ended if it is among them. */
  readonly dismiss: (suspects?: readonly string[]) => void;
};

/**
 * Starts the watchdog: one small sh in its own process session, so that what ends the shim's group misses it. It is
 * started beside the probe, where it costs no time, so that it is there before the client is.
 */
export function startWatchdog(env: Environment): Watchdog {
  const child = spawn('/bin/sh', ['-c', script, 'hermes-watchdog', errand], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env,
    cwd: '/',
  });
  child.on('error', () => undefined); // no sh, no watchdog: everything else still works
  // without descriptors to spare there is no stream, and no watchdog
  const leash = child.stdin as (Writable & { unref?: () => void }) | null | undefined;
  leash?.on('error', () => undefined);
  leash?.unref?.();
  child.unref();
  const tell = (lines: readonly string[]): void => void leash?.write(`${lines.join('\n')}\n`);
  return {
    guard: (address) => {
      const words = errandCommand(address, ['hangup', String(graceSeconds * 10)]);
      const asked = words.map((word) => (word === errand ? scriptWord : word));
      tell([...asked, '', ...standingCommand(address), '']);
    },
    watch: ({ pid, start }) => tell([`client ${pid} ${start}`]),
    hungUp: () => tell(['hup']),
    dismiss: (suspects = []) =>
      void leash?.end(suspects.length > 0 ? `suspects ${suspects.join(' ')}\n` : 'well\n'),
  };
}
