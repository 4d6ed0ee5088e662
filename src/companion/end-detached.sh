#!/bin/sh
# Ends processes, each only if its start time is still the one by which it was found: HUP, then after $1 tenths of a
# second KILL for what is left. The rest of the words: pid and start time in turn.
#
# shellcheck disable=SC2086 # the fields of a stat file are meant to be split
grace=$1
shift
lives() {
  read -r line <"/proc/$1/stat" && start=$2 && set -- ${line##*) } && [ "$1" != Z ] && [ "${20}" = "$start" ]
} 2>/dev/null
# Sends the signal $1 to those that live, or none if it is 0; any: there were some.
each() {
  signal=$1 any=''
  shift
  while [ $# -gt 0 ]; do
    lives "$1" "$2" && any=y && { [ "$signal" = 0 ] || kill "-$signal" "$1"; }
    shift 2
  done
}
each HUP "$@"
tenths=0
each 0 "$@"
while [ -n "$any" ] && [ $tenths -lt "$grace" ]; do
  tenths=$((tenths + 1))
  sleep 0.1
  each 0 "$@"
done
each KILL "$@"
exit 0
