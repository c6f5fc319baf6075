#!/bin/sh
# The scripted engine with the Node that runs the tests.
exec "$SCRIPTED_NODE" "$(dirname "$0")/engine.mjs" "$@"
