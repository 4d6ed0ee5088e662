#!/bin/sh
# What the official image does at each start, as far as it can be seen from outside: user hermes takes the numbers of
# HERMES_UID and HERMES_GID (or PUID and PGID) and gets the home, its directories and the files right in it.
# STAND_IN_DELAY=SECONDS makes that take as long as the real one can.
uid=${HERMES_UID:-${PUID-}} gid=${HERMES_GID:-${PGID-}}
[ -z "${STAND_IN_DELAY-}" ] || sleep "$STAND_IN_DELAY"

usable() {
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  [ "$1" -ge 1 ] && [ "$1" -le 65534 ]
}
usable "$gid" && sed -i "s/^hermes:x:[0-9]*:/hermes:x:$gid:/" /etc/group
own=$(id -g hermes)
usable "$gid" && own=$gid
usable "$uid" && sed -i "s/^hermes:x:[0-9]*:/hermes:x:$uid:/" /etc/passwd
sed -i "s/^\(hermes:x:[0-9]*\):[0-9]*:/\1:$own:/" /etc/passwd

mkdir -p "$HERMES_HOME"
chown hermes:hermes "$HERMES_HOME" || echo 'setup: the home keeps its owner' >&2
find "$HERMES_HOME" -maxdepth 1 -type f -exec chown hermes:hermes {} +
for dir in sessions logs workspace profiles; do
  mkdir -p "$HERMES_HOME/$dir"
  chown -R hermes:hermes "$HERMES_HOME/$dir"
done
# not the image but hermes itself does this at every start, unless somebody keeps it
[ -n "${HERMES_MANAGED-}" ] || [ -e "$HERMES_HOME/.managed" ] || chmod "${HERMES_HOME_MODE:-0700}" "$HERMES_HOME"
exit 0
