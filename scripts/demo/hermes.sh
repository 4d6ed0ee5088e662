#!/bin/sh
# The demo's stand-in for hermes: it answers like one and notes each start. It is no agent and reaches no network.
where='on this host'
[ -n "${HERMES_MANAGED-}" ] && where="in the container, as user $(id -un)"
starts=${HERMES_HOME-}/starts.log
[ -w "$starts" ] && echo "$where: $*" >>"$starts"

case ${1-} in
gateway)
  trap 'exit 0' TERM INT
  while :; do
    sleep 3600 &
    wait $!
  done
  ;;
--version | version) echo "Hermes Agent 0.0.0 (the demo's stand-in), $where" ;;
sessions)
  if [ "${2-}" = show ]; then
    echo "no session is called '${3-}'" >&2
    exit 3
  fi
  printf 'ID        TITLE\n20260101  a first session\n20260102  a second session\n'
  ;;
wait) exec sleep 1000 ;;
chat)
  trap 'echo; echo "Ctrl-C reached the stand-in $where. Bye!"; exit 130' INT
  echo "The demo's stand-in, $where. It echoes what you type; leave with exit, Ctrl-D or Ctrl-C."
  while printf 'you> ' && IFS= read -r line && [ "$line" != exit ]; do
    [ -z "$line" ] || printf 'hermes> %s\n' "$line"
  done
  echo 'Bye!'
  ;;
*)
  echo "the demo's stand-in knows no '${1-}'" >&2
  exit 64
  ;;
esac
