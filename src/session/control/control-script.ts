import { type EngineAccess, scriptCommand } from '../../engine/access.ts';
import { noteRoots } from '../plan/exec-wrapper.ts';

/** Directories of a session's user in which notes and marks lie, as words of sh: best first. */
const places = noteRoots.map((root) => `"${root}$user"`).join(' ');
const notes = noteRoots.map((root) => `"${root}$user"/*`).join(' ');

/**
 * What the shim asks in the container after the start, each by a second exec as the session's own user (root in
 * there may lack SYS_PTRACE, and needs no more than the user does). `$1` session id, `$2` user, `$3` what: a signal's
 * name (`$4` `group` or `process`; it says `found`, and signals when it reads `go`: whoever asked may be gone by then),
 * `state`, `gone` (waits for it), `hangup` (HUP, `$4` tenths of a second, KILL; `$5` not empty: HUP was sent), `kill`.
 *
 * The first process is found by the doorman's note; pid and start time both count, since pids come again. A session
 * without a note (full disks, nothing writable) is found by its environ: the oldest leader of a process session with
 * its mark; the parent of what an engine brought in is not 1, as that of a daemon is. It says `never` only where
 * nothing is `hidden`: a process that may be it and can neither be read nor has a note.
 * A session that is not up yet is waited for: it can start up to 70 ms after its client died (measured), 2 s here.
 *
 * HUP reaches a session once, whoever asks and however often: hermes 0.16 begins to end at the first, and a second
 * leaves it at a prompt that nobody can answer. Who makes the mark (`set -C`: one of several at the same time) sends
 * it; the mark's name has the session's id, since pids come again.
 */
export const errand = `id=$1 user=$2 what=$3 p= known=
facts() { read -r z <"/proc/$1/stat" && set -- \${z##*) } && state=$1 parent=$2 session=$4 start=\${20}; } 2>/dev/null
alive() { facts "$p" && [ "$state" != Z ] && [ "$start" = "$t" ]; }
noted() {
  for n in ${notes}; do
    [ -f "$n" ] && read -r a t i k <"$n" && [ "$i" = "$id" ] || continue
    p=$a known=$k
    alive || p=
    return 0
  done
  return 1
} 2>/dev/null
reads() { while read -r z || [ -n "$z" ]; do case $z in *"$2"*) return 0 ;; esac; z=; done <"$1"; return 1; } 2>/dev/null
marked() {
  if command -v grep >/dev/null; then grep -l "HERMES_SHIM_SESSION=$id" /proc/[0-9]*/environ; return; fi
  for n in /proc/[0-9]*/environ; do reads "$n" "HERMES_SHIM_SESSION=$id" && echo "$n"; done
} 2>/dev/null
by_environ() {
  p=
  for n in $(marked); do
    n=\${n#/proc/}
    facts "\${n%/environ}" && [ "$session" = "\${n%/environ}" ] && [ "$parent" != 1 ] && [ "$state" != Z ] || continue
    [ -n "$p" ] && [ "$start" -ge "$t" ] || p=$session t=$start known=started
  done
  [ -n "$p" ]
}
uid() { while read -r k v z; do [ "$k" = Uid: ] && echo "$v" && return; done <"/proc/$1/status"; } 2>/dev/null
hidden() {
  own=$(uid $$)
  for n in /proc/[0-9]*; do
    n=\${n#/proc/}
    facts "$n" && [ "$session" = "$n" ] && [ "$parent" = 0 ] && [ "$state" != Z ] && [ "$n" != 1 ] && [ "$n" != $$ ] || continue
    [ "$(uid "$n")" = "$own" ] && ! reads "/proc/$n/environ" = || continue
    for d in ${places}; do read -r a z <"$d/$n" && [ "$a" = "$n" ] && continue 2; done 2>/dev/null
    return 0
  done
  return 1
}
members() {
  for d in /proc/[0-9]*; do
    facts "\${d#/proc/}" && [ "$session" = "$p" ] && [ "$state" != Z ] && echo "\${d#/proc/}"
  done
}
kill_all() {
  c=0
  while m=$(members); [ -n "$m" ] && [ $c -lt 40 ]; do kill -KILL $m; c=$((c + 1)); sleep 0.05; done
  if [ -z "$m" ]; then echo gone; else echo unknown; fi
} 2>/dev/null
own_place() { [ -O "$1" ] && [ ! -h "$1" ]; }
first_hup() {
  for d in ${places}; do own_place "$d" && [ -e "$d/$p.$id" ] && return 1; done
  for d in ${places}; do
    [ -d "$d" ] || mkdir -m 700 "$d"
    own_place "$d" || continue
    (set -C; : >"$d/$p.$id") && return 0
    [ ! -e "$d/$p.$id" ] || return 1
  done
  return 0
} 2>/dev/null
c=0
until noted || { [ $((c % 10)) = 0 ] && by_environ; } || [ $c -ge 40 ]; do c=$((c + 1)); sleep 0.05; done
[ -n "$known" ] || { if hidden; then echo unknown; else echo never; fi; exit; }
case $what in
  state) if [ -n "$p" ]; then echo alive; else echo gone; fi ;;
  gone) while [ -n "$p" ] && alive; do sleep 0.1; done; echo gone ;;
  kill) if [ -n "$p" ]; then kill_all; else echo gone; fi ;;
  hangup)
    [ -n "$p" ] || { echo gone; exit; }
    echo found
    [ -n "$5" ] || ! first_hup || kill -HUP "$p" 2>/dev/null
    c=0
    while [ -n "$(members)" ] && [ $c -lt $4 ]; do c=$((c + 1)); sleep 0.1; done
    kill_all ;;
  *)
    [ -n "$p" ] || { echo gone; exit; }
    echo found
    read -r go && [ "$go" = go ] || exit
    alive || { echo gone; exit; }
    [ $what != HUP ] || first_hup || { echo delivered; exit; }
    case $4 in group) kill "-$what" "-$p" ;; *) kill "-$what" "$p" ;; esac 2>/dev/null && echo delivered && exit
    if alive; then echo unknown; else echo gone; fi ;;
esac`;

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

/** What a session's first process was found to be; `never`: it did not start; `unknown`: nobody could be asked. */
export type Finding = 'alive' | 'gone' | 'delivered' | 'never' | 'unknown';

/** Reads an errand's last word. */
export function toFinding(stdout: string): Finding {
  const word = stdout.trim().split('\n').at(-1) ?? '';
  return word === 'alive' || word === 'gone' || word === 'delivered' || word === 'never' ? word : 'unknown';
}
