#!/bin/sh
# First process of the stand-in for the official image. As s6 does there: sets up as root, runs the main program as a
# child without root, hands TERM on to it, reaps orphans and ends as it ended.
/opt/hermes/docker/setup || exit 1
[ $# -gt 0 ] || set -- hermes
# what is no program is hermes's word: `docker run IMAGE gateway run`
command -v "$1" >/dev/null 2>&1 || set -- hermes "$@"
main=
trap '[ -z "$main" ] || kill -TERM "$main" 2>/dev/null' TERM INT
export HOME=/opt/data
/command/s6-setuidgid hermes "$@" &
main=$!
while :; do
  wait "$main"
  code=$?
  # a trap interrupts the wait, too
  kill -0 "$main" 2>/dev/null || exit "$code"
done
