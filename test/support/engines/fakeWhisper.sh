#!/bin/sh
# A program that takes whisper-server's arguments: the fake engine with the Node that is on PATH.
exec node "$(dirname "$0")/fakeEngine.mjs" "$@"
