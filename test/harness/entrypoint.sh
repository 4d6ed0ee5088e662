#!/bin/sh
# First process of a test's container: what the NixOS module's entrypoint does as far as it can be seen from outside.
# sh -c <this> entrypoint USER UID GID DELAY MARKS DIR…
#   makes USER (UID, and a group of that number) after DELAY seconds, never for "never"; gives each DIR to UID:GID;
#   says how far it is by the files MARKS/ready and MARKS/user. Ends at once on TERM, and reaps what is orphaned.
user=$1 uid=$2 gid=$3 delay=$4 marks=$5
shift 5
trap 'exit 0' TERM INT
for dir in "$@"; do
  # Setgid and closed to others, as the module makes them: who is in the group reads along.
  chown "$uid:$gid" "$dir" && chmod 2770 "$dir"
done
: >"$marks/ready"
if [ "$delay" != never ]; then
  if [ "$delay" != 0 ]; then
    sleep "$delay" &
    wait $!
  fi
  if ! grep -q "^$user:" /etc/passwd; then
    echo "$user:x:$uid:" >>/etc/group
    echo "$user:x:$uid:$uid::/home/$user:/bin/sh" >>/etc/passwd
  fi
  : >"$marks/user"
fi
while :; do
  sleep 3600 &
  wait $!
done
