#!/bin/sh
# The probe: what runs under the name hermes in a test. It says what it sees and does what it is told. Plain POSIX sh
# with dash or busybox, in a container and on the host, so that both can be compared. Nothing in it spins: who waits is
# blocked in a read.
#
#   version | sessions list | chat | acp          as hermes answers, roughly
#   gateway | dashboard                           stays until TERM
#   report FILE|-                                 what the session looks like from inside (decoded by report.ts)
#   exit N | die SIGNAL                           endings
#   cat | emit OUT ERR [CODE] | both N            streams: echo, so many bytes, lines in turn on stdout and stderr
#   mirror CODE out|err|- OUT ERR LINES ARG…      all at once: a report, stdin copied there, bytes, lines in turn, a code
#   endless | tick SECONDS                        lines for as long as somebody reads them
#   trap SIGNAL CODE [SIGNAL CODE]… | ignore SIGNAL… | sleep SECONDS | children N
#                                                 each says "ready <pid> …" once it can be signalled
#   talk NAME                                     a conversation, which a hangup ends as hermes 0.16 does: see talk()
#   reload                                        says "reloaded" at each HUP, and lives on
#   daemon                                        leaves a process behind that called setsid; says "daemon <pid>"
#   keys N | winch                                N keys as a raw terminal sends them; the size, again at each change
#   sh ARGS…                                      anything else

starts=${HERMES_HOME-}/starts.log
if [ -f "$starts" ] && [ -w "$starts" ]; then
  case ${1-} in '' | *[!A-Za-z0-9_-]*) word=- ;; *) word=$1 ;; esac
  printf '%s %s %s\n' "$$" "${0##*/}" "$word" >>"$starts"
fi

hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }

# Blocks for ever without a child and without spinning: a read from a FIFO that only this process holds. A trap
# interrupts it. $1, if any, is said once we are there.
hold() {
  place=$(mktemp -d) && mkfifo "$place/hold" && exec 9<>"$place/hold" && rm -r "$place" || exit 70
  echo "ready $$${1+ $1}"
  while :; do read -r _ <&9; done
}

# What hermes 0.16 makes of hangups: the first ends the conversation in order, in 3 s; a second meanwhile leaves it at a
# prompt that nobody can answer, where only KILL ends it. What it saw stands in the home, in talk-NAME.
talk() {
  log=$HERMES_HOME/talk-$1 hups=0 since=0
  trap 'hups=$((hups + 1)); echo hup >>"$log"' HUP
  trap 'echo term >>"$log"' TERM
  place=$HERMES_HOME/hold-$$
  mkfifo "$place" && exec 9<>"$place" && rm "$place" || exit 70
  echo begun >"$log"
  echo "ready $$"
  while [ "$hups" = 0 ]; do read -r _ <&9; done 2>/dev/null
  while [ "$hups" = 1 ] && [ "$since" -lt 30 ]; do since=$((since + 1)); sleep 0.1; done
  if [ "$hups" = 1 ]; then
    echo 'in order' >>"$log"
    exit 0
  fi
  echo parked >>"$log"
  trap '' TERM INT QUIT
  while :; do read -r _ <&9; done 2>/dev/null
}

report() {
  tty0=no tty1=no tty2=no size=none
  [ -t 0 ] && tty0=yes
  [ -t 1 ] && tty1=yes
  [ -t 2 ] && tty2=yes
  fds=
  for fd in "/proc/$$/fd"/*; do [ -h "$fd" ] && fds="$fds ${fd##*/}"; done
  # What was closed is noted by now; the programs below need theirs.
  [ -e "/proc/$$/fd/0" ] || exec </dev/null
  if [ -e "/proc/$$/fd/1" ]; then exec 3>&1; else exec 3>/dev/null; fi
  if [ $tty0 = yes ]; then size=$(stty size); elif [ $tty1 = yes ]; then size=$(stty size <&3); fi
  [ "$1" = - ] || exec >"$1"
  printf 'argv %s\n' "$(hex "/proc/$$/cmdline")"
  printf 'environ %s\n' "$(hex "/proc/$$/environ")"
  printf 'cwd %s\n' "$(readlink "/proc/$$/cwd" | hex)"
  printf 'umask %s\n' "$(umask)"
  printf 'tty %s %s %s\n' $tty0 $tty1 $tty2
  printf 'size %s\n' "$size"
  printf 'fds%s\n' "$fds"
  for fd in 0 1 2; do
    # 1 is the report itself by now; where it was going before is 3.
    real=$fd
    [ $fd = 1 ] && real=3
    printf 'fd%s %s\n' $fd "$(readlink "/proc/$$/fd/$real" | hex)"
  done
  read -r stat <"/proc/$$/stat"
  printf 'stat %s\n' "$$ ${stat##*) }"
  # A child's, not our own: busybox ash ignores QUIT for itself and gives it back to what it runs.
  grep -E '^(Uid|Gid|Groups|SigBlk|SigIgn):' /proc/self/status
  echo end
}

emit() {
  [ "$1" = 0 ] || head -c "$1" /dev/zero | tr '\0' o
  [ "$2" = 0 ] || head -c "$2" /dev/zero | tr '\0' e >&2
}

both() {
  i=0
  while [ "$i" -lt "$1" ]; do
    i=$((i + 1))
    if [ $((i % 2)) = 1 ]; then echo "$i"; else echo "$i" >&2; fi
  done
}

# hermes-acp is hermes acp.
case ${0##*/} in hermes-acp) [ $# -gt 0 ] || set -- acp ;; esac

case ${1-} in
version | --version) echo 'Hermes Agent v0.0.0 (probe)' ;;
sessions) printf 'ID        TITLE\n20260101  a first session\n20260102  a second session\n' ;;
chat)
  echo 'hermes (probe): type exit to leave'
  while printf '> ' && IFS= read -r line; do
    [ "$line" = exit ] && break
    printf 'you said: %s\n' "$line"
  done
  echo bye
  ;;
gateway | dashboard)
  trap 'exit 0' TERM INT
  hold
  ;;
acp) while IFS= read -r line; do printf '{"echo":%s}\n' "$line"; done ;;
report) report "${2:--}" ;;
exit) exit "$2" ;;
die) kill -s "$2" $$ && hold ;;
cat) exec cat ;;
emit)
  emit "$2" "$3"
  exit "${4-0}"
  ;;
both) both "$2" ;;
mirror)
  report -
  if [ -e "/proc/$$/fd/0" ]; then
    case $3 in out) cat ;; err) cat >&2 ;; esac
  fi
  emit "$4" "$5"
  both "$6"
  exit "$2"
  ;;
endless) exec yes 'one line and another' ;;
tick)
  i=0
  while i=$((i + 1)) && echo "$i"; do sleep "$2"; done
  ;;
trap)
  shift
  while [ $# -gt 1 ]; do
    # shellcheck disable=SC2064 # the words are those of now
    trap "echo goodbye $1; exit $2" "$1"
    shift 2
  done
  hold
  ;;
ignore)
  shift
  trap '' "$@"
  hold
  ;;
sleep)
  echo "ready $$"
  exec sleep "$2"
  ;;
children)
  pids='' i=0
  while [ "$i" -lt "$2" ]; do
    sleep 3600 &
    pids="$pids $!" i=$((i + 1))
  done
  hold "${pids# }"
  ;;
talk) talk "$2" ;;
reload)
  trap 'echo reloaded' HUP
  hold
  ;;
daemon)
  setsid sleep 3600 </dev/null >/dev/null 2>&1 &
  echo "daemon $!"
  ;;
keys)
  saved=$(stty -g)
  stty raw -echo
  printf 'ready %s\r\n' $$
  keys=$(dd bs=1 count="$2" 2>/dev/null | hex)
  stty "$saved"
  echo "keys $keys"
  ;;
winch)
  trap 'echo "size $(stty size)"' WINCH
  echo "size $(stty size)"
  hold
  ;;
sh)
  shift
  exec /bin/sh "$@"
  ;;
'' | --help | -h) echo 'usage: hermes (probe) COMMAND …' ;;
*)
  echo "hermes (probe): unknown command" >&2
  exit 64
  ;;
esac
