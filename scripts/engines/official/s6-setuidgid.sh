#!/bin/sh
# s6-setuidgid USER PROGRAM ARG…, with busybox's means: becomes PROGRAM as USER.
user=$1 program=$(command -v "$2")
shift 2
exec start-stop-daemon -S -n s6-setuidgid.never -c "$user" -a "$program" -- "$@"
