#!/bin/sh
# Makes encoded arguments (bytes.ts) the caller's own again. A part of other programs, since a function has arguments of
# its own. `.text` is an argument as it stands; `+format` a piece of one, `=format` its last piece.
# shellcheck disable=SC2154 # hs_decode, of decode.sh, sets hs_decoded
hs_left=$# hs_pieces=
while [ "$hs_left" -gt 0 ]; do
  hs_left=$((hs_left - 1)) hs_word=$1
  shift
  case $hs_word in
    .*) set -- "$@" "${hs_word#.}" ;;
    *)
      hs_decode "${hs_word#?}"
      hs_pieces=$hs_pieces$hs_decoded
      case $hs_word in =*) set -- "$@" "$hs_pieces" && hs_pieces= ;; esac
      ;;
  esac
done
