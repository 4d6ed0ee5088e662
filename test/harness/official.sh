#!/bin/sh
# The official image's first process, as far as it can be seen from outside: the user gets the numbers it is told, what
# hermes owns becomes its own, then the command runs as hermes.
set -eu
uid=${HERMES_UID:-10000} gid=${HERMES_GID:-10000}
sed -i "s|^hermes:\([^:]*\):.*|hermes:\1:$uid:$gid::/opt/data:/bin/sh|" /etc/passwd
sed -i "s|^hermes:\([^:]*\):.*|hermes:\1:$gid:|" /etc/group
mkdir -p "$HERMES_HOME"
[ "$(stat -c %u "$HERMES_HOME")" = "$uid" ] || chown "$uid:$gid" "$HERMES_HOME"
find "$HERMES_HOME" -maxdepth 1 -type f -exec chown "$uid:$gid" {} +
[ ! -e "$HERMES_HOME/never-ready" ] || exit 9
exec su -s /bin/sh hermes -c 'exec /opt/hermes/.venv/bin/hermes "$@"' -- hermes "$@"
