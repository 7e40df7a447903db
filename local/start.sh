#!/bin/sh
# Starts the registry on a machine that is already set up. `npm start` does both.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# Returns the memory of a plan to the system when it ends. By default glibc keeps most of it, in an arena per thread.
export MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
# Compiles TypeScript to JavaScript once: Node's compiler takes 20 MB in each process that needs it.
export NODE_COMPILE_CACHE="$here/../.build/compile-cache"
# Each function has its own heap. Its young objects are collected at 2 MB and not at 16.
exec sh "$here/node.sh" --max-semi-space-size=2 "$here/main.ts" "$@"
