#!/bin/sh
# A program that starts like `ollama serve`: port and models folder come from the environment.
exec node "$(dirname "$0")/../fakeEngine.mjs" "${OLLAMA_HOST##*:}" "models=$OLLAMA_MODELS" "$@"
