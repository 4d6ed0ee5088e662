#!/bin/sh
# First process of a container that hermes-shim made with a hermes of the host. Written by hermes-shim up.
# As root: makes the user once, gives it what is its own, then becomes hermes as that user.
set -eu
uid=${HERMES_UID:?} gid=${HERMES_GID:?} home=/home/hermes

# The container's /etc/passwd is of its writable layer: the user stays until the container is made anew.
if ! grep -q "^hermes:" /etc/passwd; then
  grep -q "^[^:]*:[^:]*:$gid:" /etc/group || echo "hermes:x:$gid:" >>/etc/group
  echo "hermes:x:$uid:$gid::$home:/bin/sh" >>/etc/passwd
elif ! grep -q "^hermes:[^:]*:$uid:$gid:" /etc/passwd; then
  sed -i "s|^hermes:\([^:]*\):.*|hermes:\1:$uid:$gid::$home:/bin/sh|" /etc/passwd
fi
mkdir -p "$home"
chown "$uid:$gid" "$home" 2>/dev/null || true
# find, not chown -R: chown takes the set-group-id bit away, which lets the group in
find "$HERMES_HOME" ! -user "$uid" -exec chown -h "$uid:$gid" {} + 2>/dev/null || true

# The agent installs what it needs: sudo and curl once, where the image can and a network is there.
if [ ! -e /var/lib/hermes-tools-provisioned ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  if apt-get -o Acquire::Retries=0 -o Acquire::http::Timeout=10 update -qq &&
    apt-get install -y -qq sudo curl ca-certificates; then
    : >/var/lib/hermes-tools-provisioned
  else
    echo "hermes-shim: sudo and curl could not be installed; the next start tries again" >&2
  fi
fi
if command -v sudo >/dev/null 2>&1 && [ ! -e /etc/sudoers.d/hermes ]; then
  mkdir -p /etc/sudoers.d
  echo "hermes ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/hermes
  chmod 0440 /etc/sudoers.d/hermes
fi

umask 0007
if setpriv --reuid="$uid" --regid="$gid" --clear-groups true 2>/dev/null; then
  exec setpriv --reuid="$uid" --regid="$gid" --init-groups "$@"
fi
# the arguments of su are the shell's: "$0" is the first word of the command
# shellcheck disable=SC2016
exec su -s /bin/sh hermes -c 'exec "$0" "$@"' -- "$@"
