import type { IgnorableSignal } from '../route/caller.ts';
import { decodeFunction, unpackArguments } from './bytes.ts';
import type { Connection } from './descriptors.ts';
import type { StartDirectories } from './directory.ts';

/** Where doormen leave their notes in the container; the name of the exec_user is appended. Tried in this order. */
export const noteRoots = ['/tmp/.hermes-shim-', '/dev/shm/.hermes-shim-'];

/**
 * Takes the secrets that the courier brings (`secrets.ts`): opened first, so that the courier never meets a FIFO that
 * nobody reads; both ends are ours, so only the dot ends it.
 */
const takeSecrets = `hs_p=\${hs_n%/*}
  { [ -n "$hs_n" ] && mkfifo "$hs_p/.n$hs_i"; } 2>/dev/null || exit 125
  exec 3<>"$hs_p/.n$hs_i"
  mv "$hs_p/.n$hs_i" "$hs_p/.$hs_i" || exit 125
  while IFS= read -r hs_w <&3 && [ "$hs_w" != . ]; do hs_decode "\${hs_w#*=}"; export "\${hs_w%%=*}=$hs_v"; done
  exec 3<&-`;

/**
 * The doorman: the few lines of POSIX sh that run in the container just before hermes and then become it.
 * `$1` session id, `$2` umask, `$3` user, `$4` flags, `$5` niceness (set only from 0: podman's is the caller's already,
 * and some renice add), `$6` names of variables that came as printf formats, `$7` `$8` start directories, `$9` hermes,
 * then its arguments.
 *
 * It leaves a note (pid, start time, session id, state) in a directory of the user's own, one small file a pid, so
 * that they cannot pile up (with the marks of the errand beside them); stale ones go when there are more than 64. By the note signals reach hermes even
 * when it is not dumpable or has overwritten its environ, and it proves whether hermes was started. It counts where it
 * can be read again: disks are full.
 * Flags: `e` stderr joins stdout; `w` wait for docker to deliver the window size (0×0 in 8 of 8 runs without; its
 * client tries for half a second; busybox's stty says nothing instead of 0 0), `v` only a
 * tenth of it, since the terminal has none: so long its client needs until it hears of one; `r` the arguments are on the wire of `bytes.ts`, `d` so is the first directory; `0` `1` `2` were closed when
 * the shim was called; `s` secrets are brought; `I` `Q` INT and QUIT were ignored.
 * `exec` failing leaves the trap to note it. No variable of it reaches hermes: none is exported nor has a name that
 * could be; PWD is the truth, as from any shell; OLDPWD and a SHLVL that busybox
 * made go.
 */
export const doorman = `umask 077
set -f
hs_started() { hs_o=\${17}; shift 19; hs_t=$1; }
read -r hs_s </proc/$$/stat
hs_started \${hs_s##*)}
hs_tidy() {
  [ $# -gt 64 ] || return
  hs_x=
  for hs_w; do
    hs_v=\${hs_w##*/}
    [ -d "/proc/\${hs_v%%.*}" ] || hs_x="$hs_x $hs_w"
  done
  [ -z "$hs_x" ] || rm -f $hs_x 2>/dev/null
}
${decodeFunction}
hs_i=$1 hs_n=
hs_note() { [ -z "$hs_n" ] || echo "$$ $hs_t $hs_i $1" >"$hs_n"; } 2>/dev/null
for hs_d in ${noteRoots.map((root) => `"${root}$3"`).join(' ')}; do
  { [ -d "$hs_d" ] || mkdir -m 700 "$hs_d"; } 2>/dev/null
  [ -O "$hs_d" ] && [ ! -h "$hs_d" ] && [ -w "$hs_d" ] && hs_n=$hs_d/$$ && hs_note started &&
    read -r hs_w <"$hs_n" && [ "$hs_w" = "$$ $hs_t $hs_i started" ] && break
  hs_n=
done
[ -z "$hs_n" ] || { set +f; hs_tidy "$hs_d"/*; set -f; }
trap 'hs_note failed' EXIT
hs_m=$2 hs_f=$4 hs_k=$5 hs_d=$7 hs_b=$9
case $hs_f in *d*) hs_decode "$7"; hs_d=$hs_v ;; esac
{ [ -n "$hs_d" ] && cd "$hs_d"; } 2>/dev/null || { [ -n "$8" ] && cd "$8"; } 2>/dev/null || cd /
unset OLDPWD
[ "$SHLVL" != 1 ] || unset SHLVL
case $hs_f in *e*) exec 2>&1 ;; esac
case $hs_f in *[vw]*)
  hs_c=0
  case $hs_f in *v*) hs_c=40 ;; esac
  while [ $hs_c -lt 50 ] && command -v stty >/dev/null; do
    case $(stty size 2>/dev/null) in '0 0' | '') ;; *) break ;; esac
    hs_c=$((hs_c + 1))
    sleep 0.01
  done ;;
esac
case $hs_f in *s*)
${takeSecrets} ;;
esac
if [ ! -e "$hs_b" ]; then hs_note missing; trap - EXIT; exit 127; fi
if [ ! -f "$hs_b" ] || [ ! -x "$hs_b" ]; then hs_note forbidden; trap - EXIT; exit 126; fi
for hs_w in $6; do eval "hs_decode \\"\\$$hs_w\\""; export "$hs_w=$hs_v"; done
shift 9
case $hs_f in *r*)
${unpackArguments} ;;
esac
[ "$hs_k" -le 0 ] || [ "$hs_o" != 0 ] || renice -n "$hs_k" -p $$ >/dev/null 2>&1
case $hs_f in *I*) trap '' INT ;; esac
case $hs_f in *Q*) trap '' QUIT ;; esac
umask "$hs_m"
case $hs_f in *0*) exec 0<&- ;; esac
case $hs_f in *1*) exec 1>&- ;; esac
case $hs_f in *2*) exec 2>&- ;; esac
exec "$hs_b" "$@"`;

/** How the doorman's note says a session began; `failed`: the system would not run the file. */
export type NoteState = 'started' | 'failed' | 'missing' | 'forbidden';

/** Reads the doormen's notes that belong to a session: `$1` session id, `$2` user. Prints `pid starttime id state`. */
export const readNotes = `for f in ${noteRoots.map((root) => `"${root}$2"`).join(' ')}; do
  for n in "$f"/*; do
    [ -f "$n" ] && read -r p t i s <"$n" && [ "$i" = "$1" ] && echo "$p $t $i $s"
  done
done 2>/dev/null
exit 0`;

/** What the doorman is told. */
export type Instructions = {
  readonly sessionId: string;
  /** the caller's umask, as a number */
  readonly umask: number;
  readonly user: string;
  readonly connection: Connection;
  /** docker delivers the window size late */
  readonly lateSize: boolean;
  /** the caller's terminal has a size */
  readonly sized: boolean;
  readonly start: StartDirectories;
  /** nice(1)'s number */
  readonly niceness: number;
  readonly ignored: readonly IgnorableSignal[];
  /** of descriptors 0 to 2, which the caller had closed */
  readonly closed: readonly number[];
  /** names of variables that come as printf formats */
  readonly encodedNames: readonly string[];
  readonly bin: string;
  readonly args: readonly string[];
  /** the arguments are on the wire of `bytes.ts` */
  readonly encoded: boolean;
  /** secrets come by a courier, and are waited for */
  readonly secrets: boolean;
};

/** The words after `/bin/sh` that run the doorman. */
export function doormanWords(to: Instructions): readonly string[] {
  const flags = [
    to.connection.mergeOutput ? 'e' : '',
    to.connection.terminal && to.lateSize ? (to.sized ? 'w' : 'v') : '',
    to.encoded ? 'r' : '',
    to.start.encoded ? 'd' : '',
    to.secrets ? 's' : '',
    to.ignored.includes('SIGINT') ? 'I' : '',
    to.ignored.includes('SIGQUIT') ? 'Q' : '',
    ...to.closed,
  ].join('');
  const umask = to.umask.toString(8).padStart(4, '0');
  return [
    ...['-c', doorman, 'hermes-doorman', to.sessionId, umask, to.user, flags || '-', String(to.niceness)],
    ...[to.encodedNames.join(' '), to.start.first, to.start.second, to.bin, ...to.args],
  ];
}
