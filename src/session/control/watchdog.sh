#!/bin/sh
# The watchdog: ends the session when the shim cannot. It reads its stdin, the control pipe, whose other end only the
# shim holds. $1 is the control script, so that the shim need not send it.
#
# The shim writes, each word on a line of its own:
#   the command that hangs the session up, with @control-script for the control script, and an empty line
#   the command that asks for the container's state, and an empty line
# From here on there is something to end. Then, a line each:
#   client PID START       the engine's client, or who reads stdin for it, with its start time, since pids are given
#                          out again; as many as there are
#   hup                    the session has had its HUP
#   pending                the engine hangs over the session's start, and may go on later
#   well                   all is over: nothing is left to do
#   suspects PID:START …   all is over, but one of these processes may be the session that outlived its client
# End of file without either of the last two: the shim was killed (out of memory, `timeout -s KILL`), or it could not
# reach the session. Then session and clients are ended as by a hangup.
#
# shellcheck disable=SC2086 # the fields of a stat file are meant to be split
# What ends a whole unit at once (systemd.kill(5)) does not end it: the shim goes on until its session has ended.
trap '' HUP INT QUIT TERM
control_script=$1 ask_state='' clients='' pending=''
newline='
'
shift
facts() { read -r line <"/proc/$1/stat" && set -- ${line##*) } && state=$1 start=${20}; } 2>/dev/null
lives() { facts "${1%%:*}" && [ "$start" = "${1#*:}" ] && [ "$state" != Z ]; }
any_client_lives() {
  for client in $clients; do
    lives "$client" && return 0
  done
  return 1
}
end_clients() {
  for client in $clients; do
    lives "$client" && kill -HUP "${client%%:*}"
  done
} 2>/dev/null
container_state() {
  (
    IFS=$newline
    set -f
    exec $ask_state
  ) 2>&1 </dev/null
}

complete=
while IFS= read -r line; do
  if [ -z "$line" ]; then
    complete=1
    break
  fi
  case $line in @control-script) line=$control_script ;; esac
  set -- "$@" "$line"
done
while [ -n "$complete" ] && IFS= read -r line && [ -n "$line" ]; do ask_state=$ask_state$line$newline; done
[ -n "$ask_state" ] || exit 0

while IFS= read -r line; do
  case $line in
    well) exit 0 ;;
    hup) set -- "$@" past ;;
    pending) pending=1 ;;
    client*)
      client=${line#* }
      clients="$clients ${client% *}:${client#* }"
      ;;
    suspects*)
      # what is gone two seconds later was another call's session, or ours at its end
      sleep 2
      alive=
      for suspect in ${line#* }; do
        facts "${suspect%%:*}" && [ "${suspect#*:}" = "$start" ] && alive=1
      done
      [ -n "$alive" ] || exit 0
      break
      ;;
  esac
done

# A session may still begin for as long as its client is there, and for ten minutes where its start is pending.
may_begin() { any_client_lives || { [ -n "$pending" ] && [ $waited -lt 600 ]; }; }

# After 20 s the clients are ended whether or not the session could be: somebody may wait for the end of its outputs.
# After a day nobody tries any more.
{
  sleep 20
  end_clients
  sleep 86400
  kill -KILL "-$$"
} &

# Where the engine does not answer or the container is paused it is tried again, ever more slowly. Over when the session
# is gone, or the container does not run, by the engine's words (container-liveness.ts).
waited=0 asked_again=
while :; do
  answer=$("$@" 2>/dev/null </dev/null)
  case $answer in
    *gone) break ;;
    *never)
      # also at the moment at which that ended
      may_begin || {
        [ -z "$asked_again" ] || break
        asked_again=1
      }
      end_clients
      ;;
  esac
  # its last line: sudo may have warned before; and an error may contain any of these words (`deadline exceeded`)
  if said=$(container_state); then
    case ${said##*"$newline"} in created | configured | initialized | exited | stopped | dead | removing) break ;; esac
  else
    case $said in *'o such container'* | *'o such object'* | *'o container with '*) break ;; esac
  fi
  pause=$((1 + waited / 8))
  [ $pause -le 300 ] || pause=300
  waited=$((waited + pause))
  sleep $pause
done
end_clients
kill -KILL "-$$"
