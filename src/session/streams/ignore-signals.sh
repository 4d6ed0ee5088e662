#!/bin/sh
# Ignores the signals $1, then becomes the rest of its words: what node starts ignores none.
for signal in $1; do trap '' "$signal"; done
shift
exec "$@"
