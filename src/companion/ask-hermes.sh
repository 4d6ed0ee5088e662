#!/bin/sh
# Who hermes is in this container, and where it lies. $1 the home in here, $2 where the NixOS module has hermes. Says
# a word and a value a line: owner UID:GID, user NAME (each who has that uid), hermes UID (of the user of that name),
# and each hermes, the module's first, then in the order of the PATH: family PATH where hermes-agent lies beside it,
# alone PATH where not.
#
# shellcheck disable=SC2012,SC2046 # stat is not everywhere; the columns of ls are meant to be split
set -- "$1" "$2" $(ls -ldn "$1" 2>/dev/null)
[ -z "$5" ] || echo "owner $5:$6"
while IFS=: read -r name _ uid _; do
  [ "$uid" != "$5" ] || echo "user $name"
  [ "$name" != hermes ] || echo "hermes $uid"
done </etc/passwd 2>/dev/null
set -f
IFS=:
for dir in "${2%/*}" $PATH; do
  case $dir in /*) ;; *) continue ;; esac
  if [ ! -f "$dir/hermes" ] || [ ! -x "$dir/hermes" ]; then continue; fi
  if [ -x "$dir/hermes-agent" ]; then echo "family $dir/hermes"; else echo "alone $dir/hermes"; fi
done
exit 0
