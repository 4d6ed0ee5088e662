#!/bin/sh
# Is hermes ($1) there, and can it be executed? Answers by a word: exit codes of an exec can be the engine's own.
if [ ! -e "$1" ]; then
  echo missing
elif [ -f "$1" ] && [ -x "$1" ]; then
  echo ready
else
  echo forbidden
fi
