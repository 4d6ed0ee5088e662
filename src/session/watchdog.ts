import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Environment } from '../route/inside.ts';
import { type Address, errand, errandCommand, graceSeconds, tries } from './messenger.ts';

/** Stands for the errand's script in what the watchdog is told: that one has many lines, and it has it already. */
const scriptWord = '@errand';

/**
 * Reads its stdin, whose other end only the shim holds: the errand's command line, a word a line, and an empty line;
 * then the client's pid and start time (a pid may come again); then `well`; or processes (pid:start) of which one may be
 * the session that outlived its client: who of them is still there two seconds later makes it look. End of file
 * instead of that word means that the shim was killed (OOM, `timeout -s KILL`): then client and session are ended as
 * by a hangup, in several tries where the engine is too busy for one. Before the command line is whole there is
 * nothing to end. `$1` the errand's script.
 */
const script = `e=$1
shift
started() { shift 19; q=$1; }
g=
while IFS= read -r w; do
  [ -n "$w" ] || { g=1; break; }
  case $w in ${scriptWord}) w=$e ;; esac
  set -- "$@" "$w"
done
[ -n "$g" ] || exit 0
read -r p t || p=
if IFS= read -r w; then
  [ "$w" = well ] && exit 0
  sleep 2
  g=
  for x in $w; do
    f=\${x#*:} y=\${x%%:*}
    read -r s <"/proc/$y/stat" && started \${s##*)} && [ "$f" = "$q" ] && g=1
  done 2>/dev/null
  [ -n "$g" ] || exit 0
fi
n=0
until "$@" >/dev/null 2>&1 || [ $n -ge ${tries - 1} ]; do n=$((n + 1)) && sleep 1; done
read -r s <"/proc/$p/stat" || exit 0
set -- \${s##*) }
[ "\${20}" = "$t" ] && kill -HUP "$p"`;

/** The watchdog's leash. */
export type Watchdog = {
  /** From now on the session is ended if we are killed. Before the client is started. */
  readonly guard: (address: Address) => void;
  readonly watch: (client: { pid: number; start: string }) => void;
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
  let left = '';
  return {
    guard: (address) => {
      const words = errandCommand(address, ['hangup', String(graceSeconds * 10)]);
      leash?.write(`${words.map((word) => (word === errand ? scriptWord : word)).join('\n')}\n\n`);
      left = '0 0\nwell\n';
    },
    watch: ({ pid, start }) => {
      leash?.write(`${pid} ${start}\n`);
      left = 'well\n';
    },
    dismiss: (suspects = []) => void leash?.end(suspects.length > 0 ? `${suspects.join(' ')}\n` : left),
  };
}
