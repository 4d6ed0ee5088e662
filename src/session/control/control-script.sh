#!/bin/sh
# The control script: what the shim asks in the container about one session, each time by an exec of its own as the
# session's own user: the user's rights are enough, and root in there may lack SYS_PTRACE.
#
# $1 session id
# $2 exec_user
# $3 what is asked; each answers with its last line: alive, gone, delivered, never (hermes did not start) or unknown
#    state                         is the first process alive?
#    gone                          wait until it is gone
#    hangup TENTHS [past]          send HUP, unless it had one; after so many tenths of a second kill what is left
#    kill                          kill every process of its process session
#    SIGNAL group|process          say "found", and signal when told to "go": whoever asked may be gone by then
#
# shellcheck disable=SC2015 # A && B || continue: continue where either fails
# shellcheck disable=SC2086 # numbers and pids are meant to be split
id=$1 user=$2 what=$3
# pid and start time of the session's first process, if it lives; known: there is or was such a process
first='' first_start='' known=''

# Field 3 of /proc/<pid>/stat and those behind it.
facts() {
  read -r line <"/proc/$1/stat" && set -- ${line##*) } && state=$1 parent=$2 session=$4 start=${20}
} 2>/dev/null

# Pids are given out again: only with the start time do they mean one process.
alive() { facts "$first" && [ "$state" != Z ] && [ "$start" = "$first_start" ]; }

# Is this directory our own? Others in the container may write notes, too, to have somebody else's process signalled.
own_place() { [ -O "$1" ] && [ ! -h "$1" ]; }

# Finds the session by the note that the exec wrapper left.
noted() {
  for note in "/tmp/.hermes-shim-$user"/* "/dev/shm/.hermes-shim-$user"/*; do
    own_place "${note%/*}" && [ -f "$note" ] && read -r pid first_start its_id how <"$note" && [ "$its_id" = "$id" ] || continue
    first=$pid known=$how
    alive || first=
    return 0
  done
  return 1
} 2>/dev/null

# Does the file $1 hold the text $2?
holds() {
  while read -r line || [ -n "$line" ]; do
    case $line in *"$2"*) return 0 ;; esac
    line=
  done <"$1"
  return 1
} 2>/dev/null

# The environments, as far as they can be read, that carry this session's id.
carriers() {
  if command -v grep >/dev/null; then
    grep -l "HERMES_SHIM_SESSION=$id" /proc/[0-9]*/environ
    return
  fi
  for environ in /proc/[0-9]*/environ; do
    holds "$environ" "HERMES_SHIM_SESSION=$id" && echo "$environ"
  done
} 2>/dev/null

# Finds a session without a note (full disks, nothing writable): the oldest leader of a process session that carries the
# id. A daemon that hermes left behind is no such one: its parent is 1, while that of what an engine brought in is not.
by_environment() {
  first=
  for environ in $(carriers); do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    facts "$pid" && [ "$session" = "$pid" ] && [ "$parent" != 1 ] && [ "$state" != Z ] || continue
    [ -n "$first" ] && [ "$start" -ge "$first_start" ] || first=$pid first_start=$start known=started
  done
  [ -n "$first" ]
}

uid_of() {
  while read -r key value _; do [ "$key" = Uid: ] && echo "$value" && return; done <"/proc/$1/status"
} 2>/dev/null

# Is there a process that may be the session's first one, and can neither be read nor has a note? Then "never" is not
# proven.
hidden() {
  own=$(uid_of $$)
  for pid in /proc/[0-9]*; do
    pid=${pid#/proc/}
    facts "$pid" && [ "$session" = "$pid" ] && [ "$parent" = 0 ] && [ "$state" != Z ] || continue
    [ "$pid" != 1 ] && [ "$pid" != $$ ] && [ "$(uid_of "$pid")" = "$own" ] || continue
    ! holds "/proc/$pid/environ" = || continue
    for place in "/tmp/.hermes-shim-$user" "/dev/shm/.hermes-shim-$user"; do
      own_place "$place" && read -r its_pid _ <"$place/$pid" && [ "$its_pid" = "$pid" ] && continue 2
    done 2>/dev/null
    return 0
  done
  return 1
}

# The processes of the session: what called setsid meant to live on.
members() {
  for pid in /proc/[0-9]*; do
    facts "${pid#/proc/}" && [ "$session" = "$first" ] && [ "$state" != Z ] && echo "${pid#/proc/}"
  done
}

kill_all() {
  tries=0
  while left=$(members); [ -n "$left" ] && [ $tries -lt 40 ]; do
    kill -KILL $left
    tries=$((tries + 1))
    sleep 0.05
  done
  if [ -z "$left" ]; then echo gone; else echo unknown; fi
} 2>/dev/null

# HUP reaches a session once, whoever asks and however often: hermes 0.16 begins to end at the first, and a second leaves
# it at a prompt that nobody can answer. Who makes the mark may send it; set -C lets one of several make it. The mark's
# name has the session's id, since pids are given out again.
first_hup() {
  for place in "/tmp/.hermes-shim-$user" "/dev/shm/.hermes-shim-$user"; do
    own_place "$place" && [ -e "$place/$first.$id" ] && return 1
  done
  for place in "/tmp/.hermes-shim-$user" "/dev/shm/.hermes-shim-$user"; do
    [ -d "$place" ] || mkdir -m 700 "$place"
    own_place "$place" || continue
    (
      set -C
      : >"$place/$first.$id"
    ) && return 0
    [ ! -e "$place/$first.$id" ] || return 1
  done
  return 0
} 2>/dev/null

# A session can come up as late as 70 ms after its client died (measured): 2 s are enough.
looks=0
until noted || { [ $((looks % 10)) = 0 ] && by_environment; } || [ $looks -ge 40 ]; do
  looks=$((looks + 1))
  sleep 0.05
done
if [ -z "$known" ]; then
  if hidden; then echo unknown; else echo never; fi
  exit
fi

case $what in
  state) if [ -n "$first" ]; then echo alive; else echo gone; fi ;;
  gone)
    while [ -n "$first" ] && alive; do sleep 0.1; done
    echo gone
    ;;
  kill) if [ -n "$first" ]; then kill_all; else echo gone; fi ;;
  hangup)
    if [ -z "$first" ]; then
      echo gone
      exit
    fi
    echo found
    [ -n "$5" ] || ! first_hup || kill -HUP "$first" 2>/dev/null
    tenths=0
    while [ -n "$(members)" ] && [ $tenths -lt "$4" ]; do
      tenths=$((tenths + 1))
      sleep 0.1
    done
    kill_all
    ;;
  *)
    if [ -z "$first" ]; then
      echo gone
      exit
    fi
    echo found
    read -r go && [ "$go" = go ] || exit
    if ! alive; then
      echo gone
      exit
    fi
    if [ "$what" = HUP ] && ! first_hup; then
      echo delivered
      exit
    fi
    case $4 in
      group) kill "-$what" "-$first" ;;
      *) kill "-$what" "$first" ;;
    esac 2>/dev/null && echo delivered && exit
    if alive; then echo unknown; else echo gone; fi
    ;;
esac
