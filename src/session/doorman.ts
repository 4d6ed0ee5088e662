import type { Connection } from './descriptors.ts';

/** Where doormen leave their notes in the container; the name of the exec_user is appended. Tried in this order. */
export const noteRoots = ['/tmp/.hermes-shim-', '/dev/shm/.hermes-shim-'];

/**
 * The doorman: the few lines of POSIX sh that run in the container just before hermes and then become it.
 * `$1` session id, `$2` umask, `$3` user, `$4` flags, `$5` `$6` start directories, `$7` hermes, then its arguments.
 *
 * It leaves a note (pid, start time, session id, state) in a directory of the user's own, one small file a pid, so
 * that they cannot pile up; stale ones go when there are more than sixteen. By the note signals reach hermes even
 * when it is not dumpable or has overwritten its environ, and it proves whether hermes was started.
 * Flags: `e` stderr joins stdout; `w` wait up to 100 ms for docker to deliver the window size (0×0 in 8 of 8 runs
 * without); `r` the arguments are printf formats, since engines cannot carry bytes that are no UTF-8.
 * `exec` failing leaves the trap to note it. No variable of it reaches hermes: none is exported, and OLDPWD goes.
 */
export const doorman = `umask 077
set -f
started() { shift 19; t=$1; }
read -r s </proc/$$/stat
started \${s##*)}
tidy() {
  [ $# -gt 16 ] || return
  x=
  for f; do [ -d "/proc/\${f##*/}" ] || x="$x $f"; done
  [ -z "$x" ] || rm -f $x
}
n=
for d in ${noteRoots.map((root) => `"${root}$3"`).join(' ')}; do
  { [ -d "$d" ] || mkdir -m 700 "$d"; } 2>/dev/null
  [ -O "$d" ] && [ ! -h "$d" ] && n=$d/$$ && break
done
note() { [ -z "$n" ] || echo "$$ $t $i $1" >"$n"; } 2>/dev/null
i=$1
note started
[ -z "$n" ] || { set +f; tidy "$d"/*; set -f; }
trap 'note failed' EXIT
{ [ -n "$5" ] && cd "$5"; } 2>/dev/null || { [ -n "$6" ] && cd "$6"; } 2>/dev/null || cd /
unset OLDPWD
case $4 in *e*) exec 2>&1 ;; esac
case $4 in *w*)
  c=0
  while [ $c -lt 10 ] && [ "$(stty size 2>/dev/null)" = '0 0' ]; do c=$((c + 1)); sleep 0.01; done ;;
esac
m=$2 b=$7 f=$4
shift 7
case $f in *r*)
  c=$#
  while [ $c -gt 0 ]; do c=$((c - 1)); v=$(printf "$1."); shift; set -- "$@" "\${v%.}"; done ;;
esac
if [ ! -e "$b" ]; then note missing; trap - EXIT; exit 127; fi
if [ ! -f "$b" ] || [ ! -x "$b" ]; then note forbidden; trap - EXIT; exit 126; fi
umask "$m"
exec "$b" "$@"`;

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
  readonly directories: readonly string[];
  readonly bin: string;
  readonly args: readonly string[];
  /** the arguments are printf formats (see `bytes.ts`) */
  readonly encoded: boolean;
};

/** The words after `/bin/sh` that run the doorman. */
export function doormanWords(to: Instructions): readonly string[] {
  const flags = [
    to.connection.mergeOutput ? 'e' : '',
    to.connection.terminal && to.lateSize ? 'w' : '',
    to.encoded ? 'r' : '',
  ].join('');
  const [first = '', second = ''] = to.directories;
  const umask = to.umask.toString(8).padStart(4, '0');
  return [
    '-c',
    doorman,
    'hermes-doorman',
    to.sessionId,
    umask,
    to.user,
    flags || '-',
    first,
    second,
    to.bin,
    ...to.args,
  ];
}
