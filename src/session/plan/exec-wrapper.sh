#!/bin/sh
# The exec wrapper: runs in the container just before hermes, and then becomes it, so that there is no process more.
#
# $1 session id
# $2 umask
# $3 exec_user
# $4 flags, or -
# $5 niceness, set only where ours is 0 now: podman has set the caller's already, and some renice add
# $6 names of variables whose values are printf formats
# $7 $8 directories to start in, the better one first; either may be empty
# $9 hermes; its arguments follow
#
# Flags:
# e      stderr goes where stdout goes
# w      wait until docker has delivered the window size
# v      the same for a tenth of a second: the terminal has no size
# r      the arguments are encoded (bytes.ts)
# d      so is the first directory
# s      secrets are brought (secrets.ts)
# g      say how it went before becoming hermes (greeting.ts)
# h      the same on stderr (held-stderr.ts)
# I Q    INT, QUIT were ignored when the shim was called
# 0 1 2  this descriptor was closed then
#
# Nothing of this reaches hermes: variables are not exported, and begin with hs_ since one of another name could be
# exported already. PWD is right, as from any shell; OLDPWD and a SHLVL that busybox made are taken away.
#
# shellcheck disable=SC2086 # lists of words and names without blanks are meant to be split; set -f keeps them as they are
umask 077
set -f

# Field 19 of /proc/<pid>/stat is the niceness, field 22 the start time: without the first two they are 17 and 20.
hs_read_stat() {
  hs_nice_now=${17}
  shift 19
  hs_start=$1
}
read -r hs_stat </proc/$$/stat
hs_read_stat ${hs_stat##*)}

# Removes notes of processes that are gone. Only where there are many: most calls need no look at each.
hs_tidy() {
  [ $# -gt 64 ] || return
  hs_stale=
  for hs_file; do
    hs_pid=${hs_file##*/}
    [ -d "/proc/${hs_pid%%.*}" ] || hs_stale="$hs_stale $hs_file"
  done
  [ -z "$hs_stale" ] || rm -f $hs_stale 2>/dev/null
}

. ./decode.sh

# The note says who this session is: by it signals find hermes, also when it hides or overwrites its environment, and it
# proves whether hermes was started. One small file a pid, so that notes cannot pile up, in a directory of the user's
# own. It counts only where it can be read back: a full disk takes the file and loses the text.
hs_session=$1 hs_note=
hs_write_note() { [ -z "$hs_note" ] || echo "$$ $hs_start $hs_session $1" >"$hs_note"; } 2>/dev/null
for hs_place in "/tmp/.hermes-shim-$3" "/dev/shm/.hermes-shim-$3"; do
  { [ -d "$hs_place" ] || mkdir -m 700 "$hs_place"; } 2>/dev/null
  [ -O "$hs_place" ] && [ ! -h "$hs_place" ] && [ -w "$hs_place" ] && hs_note=$hs_place/$$ &&
    hs_write_note started && read -r hs_line <"$hs_note" &&
    [ "$hs_line" = "$$ $hs_start $hs_session started" ] && break
  hs_note=
done
if [ -n "$hs_note" ]; then
  set +f
  hs_tidy "$hs_place"/*
  set -f
fi
# where the last line of this program fails
trap 'hs_write_note failed' EXIT

hs_umask=$2 hs_flags=$4 hs_niceness=$5 hs_directory=$7 hs_hermes=$9
case $hs_flags in *d*)
  hs_decode "$7"
  hs_directory=$hs_decoded
  ;;
esac
{ [ -n "$hs_directory" ] && cd "$hs_directory"; } 2>/dev/null || { [ -n "$8" ] && cd "$8"; } 2>/dev/null || cd /
unset OLDPWD
# shellcheck disable=SC3028 # where there is none, nothing is to be taken away
[ "$SHLVL" != 1 ] || unset SHLVL

# Without this hermes saw 0 0 in 8 of 8 runs: docker's client takes up to half a second to deliver the size. Until then
# busybox's stty says nothing, others say 0 0. A terminal without a size (v) is looked at for a tenth of a second only: as
# long as the client takes to hear of a size that it is given just now.
case $hs_flags in *[vw]*)
  hs_looks=0
  case $hs_flags in *v*) hs_looks=40 ;; esac
  while [ $hs_looks -lt 50 ] && command -v stty >/dev/null; do
    case $(stty size 2>/dev/null) in '0 0' | '') ;; *) break ;; esac
    hs_looks=$((hs_looks + 1))
    sleep 0.01
  done
  ;;
esac

# The FIFO is opened before it gets its name, so that whoever brings secrets never meets one that nobody reads. This
# shell holds both of its ends, so it is no end of file that ends the secrets, but a dot.
case $hs_flags in *s*)
  hs_place=${hs_note%/*}
  { [ -n "$hs_note" ] && mkfifo "$hs_place/.n$hs_session"; } 2>/dev/null || exit 125
  exec 3<>"$hs_place/.n$hs_session"
  mv "$hs_place/.n$hs_session" "$hs_place/.$hs_session" || exit 125
  while IFS= read -r hs_line <&3 && [ "$hs_line" != . ]; do
    hs_decode "${hs_line#*=}"
    export "${hs_line%%=*}=$hs_decoded"
  done
  exec 3<&-
  # never on half of them
  [ "$hs_line" = . ] || exit 125
  ;;
esac

# Says how it went, as the first byte pair of the session's output, where whoever started us listens for it.
hs_greet() {
  case $hs_flags in
    *g*) printf '\036%s' "$1" ;;
    *h*) printf '\036%s' "$1" >&2 ;;
  esac
}
if [ ! -e "$hs_hermes" ]; then
  hs_greet M
  hs_write_note missing
  trap - EXIT
  exit 127
fi
if [ ! -f "$hs_hermes" ] || [ ! -x "$hs_hermes" ]; then
  hs_greet F
  hs_write_note forbidden
  trap - EXIT
  exit 126
fi

for hs_name in $6; do
  eval "hs_decode \"\$$hs_name\""
  export "$hs_name=$hs_decoded"
done
shift 9
case $hs_flags in *r*)
  . ./unpack-arguments.sh
  ;;
esac
[ "$hs_niceness" -le 0 ] || [ "$hs_nice_now" != 0 ] || renice -n "$hs_niceness" -p $$ >/dev/null 2>&1
case $hs_flags in *I*) trap '' INT ;; esac
case $hs_flags in *Q*) trap '' QUIT ;; esac
umask "$hs_umask"
hs_greet S
case $hs_flags in *e*) exec 2>&1 ;; esac
case $hs_flags in *0*) exec 0<&- ;; esac
case $hs_flags in *1*) exec 1>&- ;; esac
case $hs_flags in *2*) exec 2>&- ;; esac
exec "$hs_hermes" "$@"
