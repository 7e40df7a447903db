#!/bin/sh
# `sh local/node.sh FILE ARGUMENT...` runs FILE on the project's Node: the one that npm installed as a dependency (npm 9
# links no .bin/node, so it is called by its path), else a Node 24 of the machine.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
case $(uname -m) in
aarch64) arch=arm64 ;;
*) arch=x64 ;;
esac
# For children as well: tools of node_modules/.bin begin with `#!/usr/bin/env node`.
export PATH="$root/node_modules/node-linux-$arch/bin:$PATH"
found=$(node --version 2>/dev/null) || found=none
case $found in
v24.*) exec node "$@" ;;
esac
echo "local/node.sh: Node 24 is needed; found: $found. Run: sh local/setup.sh node" >&2
exit 1
