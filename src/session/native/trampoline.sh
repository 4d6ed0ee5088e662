#!/bin/sh
# Becomes the native hermes, after putting right what node cannot hand over: signals that were ignored, descriptors that
# were closed, bytes that are no UTF-8. Variables begin with hs_, since one of another name could be exported already.
#
# $1 signals to ignore
# $2 flags: r = the arguments are encoded; 0, 1, 2 = this descriptor was closed
# $3 how many variables follow, each as its name and a printf format; then hermes and its arguments
for hs_signal in $1; do trap '' "$hs_signal"; done
hs_flags=$2 hs_left=$3
shift 3
. ../plan/decode.sh
while [ "$hs_left" -gt 0 ]; do
  hs_left=$((hs_left - 1))
  hs_decode "$2"
  export "$1=$hs_decoded"
  shift 2
done
hs_hermes=$1
shift
case $hs_flags in *r*)
  . ../plan/unpack-arguments.sh
  ;;
esac
case $hs_flags in *0*) exec 0<&- ;; esac
case $hs_flags in *1*) exec 1>&- ;; esac
case $hs_flags in *2*) exec 2>&- ;; esac
exec "$hs_hermes" "$@"
