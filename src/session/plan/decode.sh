#!/bin/sh
# hs_decode FORMAT sets hs_decoded to what a printf format stands for. The dot: $(…) would drop newlines at the end.
# shellcheck disable=SC2059 # the format is the argument
hs_decode() {
  hs_decoded=$(printf "$1.")
  hs_decoded=${hs_decoded%.}
}
