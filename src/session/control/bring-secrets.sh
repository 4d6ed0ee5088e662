#!/bin/sh
# Brings secrets to the exec wrapper, which waits for them in the container. $1 session id, $2 exec_user.
# Says "nowhere" where no FIFO can be, "late" where the wrapper made none in 30 s; else "ready", takes the secrets from
# stdin, and says "taken".
own_place() { [ -O "$1" ] && [ ! -h "$1" ]; }

usable=''
for place in "/tmp/.hermes-shim-$2" "/dev/shm/.hermes-shim-$2"; do
  { [ -d "$place" ] || mkdir -m 700 "$place"; } 2>/dev/null
  own_place "$place" && [ -w "$place" ] && usable=y
done
if [ -z "$usable" ] || ! command -v mkfifo >/dev/null; then
  echo nowhere
  exit
fi

fifo='' looks=0
while [ -z "$fifo" ] && [ $looks -lt 1500 ]; do
  for place in "/tmp/.hermes-shim-$2" "/dev/shm/.hermes-shim-$2"; do
    # not one that somebody else in the container has put in the way
    own_place "$place" && [ -p "$place/.$1" ] && fifo=$place/.$1
  done
  [ -n "$fifo" ] || {
    looks=$((looks + 1))
    sleep 0.02
  }
done
if [ -z "$fifo" ]; then
  echo late
  exit
fi

echo ready
secrets=$(cat)
# Opened for reading too, so that no open waits for anybody; then that end is let go, so that a write fails where the
# wrapper is gone.
# shellcheck disable=SC2094 # a FIFO
exec 3<>"$fifo" 4>"$fifo" 3<&-
rm -f "$fifo"
[ -n "$secrets" ] && printf '%s\n' "$secrets" >&4 && echo taken
