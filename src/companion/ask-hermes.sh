#!/bin/sh
# Who hermes is in this container, and where it lies. $1 the home in here, $2 where the NixOS module has hermes. Says
# a word and a value a line: owner UID:GID, user NAME, bin PATH.
#
# shellcheck disable=SC2012,SC2046 # stat is not everywhere; the columns of ls are meant to be split
set -- "$1" "$2" $(ls -ldn "$1" 2>/dev/null)
[ -z "$5" ] || echo "owner $5:$6"
while IFS=: read -r name _ uid _; do
  [ "$uid" = "$5" ] && echo "user $name" && break
done </etc/passwd 2>/dev/null
for bin in "$2" "$(command -v hermes)"; do
  case $bin in /*) [ -f "$bin" ] && [ -x "$bin" ] && echo "bin $bin" && break ;; esac
done
exit 0
