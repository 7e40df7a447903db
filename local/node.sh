#!/bin/sh
# Usage: sh local/node.sh FILE ARGUMENT... Runs FILE with the Node that npm installed as a dependency, or with the machine's
# Node 24. npm 9 makes no link .bin/node, so it is called by its path.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
case $(uname -m) in
aarch64) arch=arm64 ;;
*) arch=x64 ;;
esac
# Child processes need it too: tools of node_modules/.bin begin with `#!/usr/bin/env node`.
export PATH="$root/node_modules/node-linux-$arch/bin:$PATH"
found=$(node --version 2>/dev/null) || found=none
case $found in
v24.*) exec node "$@" ;;
esac
echo "local/node.sh: Node 24 is needed; found: $found. Run: sh local/setup.sh node" >&2
exit 1
