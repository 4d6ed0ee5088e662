#!/bin/sh
# Lists what runs in the container for us, as the exec_user. $1 exec_user, $2 what begins each record, so that no
# argument can pass for one. First the seconds since boot. A record: kind, pid, start time, session id, process session,
# terminal; a line feed; the bare command line.
#
# shellcheck disable=SC2015 # A && B || continue: continue where either fails
# shellcheck disable=SC2086 # the fields of a stat file are meant to be split
user=$1 border=$2
facts() {
  read -r line <"/proc/$1/stat" && set -- ${line##*) } && start=${20} parent=$2 session=$4 terminal=$5 && [ "$1" != Z ]
} 2>/dev/null
own_place() { [ -O "$1" ] && [ ! -h "$1" ]; }
tell() {
  echo "$border$1 $2 $start $3 $session $terminal"
  head -c 4096 "/proc/$2/cmdline"
} 2>/dev/null
read -r uptime _ </proc/uptime
echo "$uptime"
# First processes, by the notes of their exec wrappers; not by what others in the container have written.
known=
for note in "/tmp/.hermes-shim-$user"/* "/dev/shm/.hermes-shim-$user"/*; do
  own_place "${note%/*}" && [ -f "$note" ] && read -r pid noted_start id _ <"$note" && facts "$pid" &&
    [ "$start" = "$noted_start" ] && known="$known $pid " && tell first "$pid" "$id"
done 2>/dev/null
# Whatever carries a session's id, as far as its environment can be read. A full disk takes no note: such a session is
# known by its leader, which an engine brought in, so that its parent is outside; that of a daemon is 1.
# shellcheck disable=SC2013 # no path in /proc has a blank
for environ in $(grep -ls HERMES_SHIM_SESSION= /proc/[0-9]*/environ 2>/dev/null); do
  pid=${environ#/proc/}
  pid=${pid%/environ}
  id=$(tr '\0' '\n' <"$environ" | sed -n '/^HERMES_SHIM_SESSION=/{s///p;q;}') 2>/dev/null
  [ -n "$id" ] && facts "$pid" || continue
  case $known in
    *" $pid "*) ;;
    *) [ "$session" = "$pid" ] && [ "$parent" = 0 ] && tell first "$pid" "$id" ;;
  esac
  tell marked "$pid" "$id"
done 2>/dev/null
exit 0
