#!/bin/sh
# Starts the registry on this machine, which is set up: `npm start` does both.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# Memory of a plan goes back to the system when it ends: glibc keeps most of it otherwise, in an arena a thread.
export MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
# TypeScript becomes JavaScript once: Node's compiler for that takes 20 MB of each process that needs it.
export NODE_COMPILE_CACHE="$here/../.build/compile-cache"
# Each function has a heap of its own: what is young in it is collected at 2 MB, not at 16.
exec sh "$here/node.sh" --max-semi-space-size=2 "$here/main.ts" "$@"
