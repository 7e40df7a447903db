#!/bin/sh
# Sets up a machine. Mode node: npm packages and Node 24, which is all that `npm start` needs. Mode test: also system packages,
# which `npm test` needs.
set -eu

# package:command, for tests only. Without apt, the command is checked instead of the package; `-`: there is no command.
TEST_TOOLS='bubblewrap:bwrap ca-certificates:- clang:clang curl:curl gcc-12:gcc-12 libarchive-tools:bsdtar llvm:llc
  make:make xz-utils:xz bison:bison flex:flex bc:bc libelf-dev:- busybox-static:busybox binutils:readelf bzip2:bzip2
  createrepo-c:createrepo_c debootstrap:debootstrap faketime:faketime gnupg:gpg gpgv:gpgv kmod:modinfo openssl:openssl rpm:rpmbuild
  shellcheck:shellcheck wget:wget zstd:zstd'
case $(uname -m) in
aarch64) TEST_TOOLS="$TEST_TOOLS qemu-system-arm:qemu-system-aarch64" ;;
*) TEST_TOOLS="$TEST_TOOLS qemu-system-x86:qemu-system-x86_64" ;;
esac

fail() {
  echo "setup: $*" >&2
  exit 1
}

case ${1:-} in
node) tools= ;;
test) tools=$TEST_TOOLS ;;
*) fail 'usage: sh local/setup.sh node|test' ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
log=.build/setup.log
stamp=node_modules/.setup

# Runs one step. Its output goes to the log, and is printed only if the step fails.
step() {
  echo "setup: $1"
  shift
  mkdir -p .build
  "$@" >"$log" 2>&1 </dev/null && return
  tail -n 20 "$log" >&2
  fail "'$*' failed; its complete output is in $root/$log"
}

missing_packages() {
  packages=
  for tool in $tools; do packages="$packages ${tool%:*}"; done
  # dpkg-query fails if it does not know a package. That is expected: the loop below finds the missing ones.
  # shellcheck disable=SC2086
  known=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null || :)
  for package in $packages; do
    echo "$known" | grep -qx "installed $package" || printf ' %s' "$package"
  done
}

missing_commands() {
  for tool in $tools; do
    [ "${tool#*:}" = - ] || command -v "${tool#*:}" >/dev/null || printf ' %s' "${tool#*:}"
  done
}

system_packages() {
  if ! command -v apt-get >/dev/null; then
    missing=$(missing_commands)
    [ -z "$missing" ] || fail "apt-get is not available. Install these commands:$missing"
    return 0
  fi
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  install="apt-get install -y --no-install-recommends$missing"
  [ "$(id -u)" -eq 0 ] || fail "packages are missing. As root, run: apt-get update && $install"
  export DEBIAN_FRONTEND=noninteractive
  step 'apt-get update' apt-get -o DPkg::Lock::Timeout=300 update
  # shellcheck disable=SC2086
  step "$install" apt-get -o DPkg::Lock::Timeout=300 ${install#apt-get }
}

# The digest of the lock file is written last, so that an interrupted npm ci runs again.
npm_packages() {
  digest=$(sha256sum package-lock.json)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ] && node_24; then return 0; fi
  # npm ci empties node_modules, so it must not run on the Node inside it.
  PATH=$(echo "$PATH" | tr ':' '\n' | grep -vF "$root/node_modules/" | paste -sd: -)
  command -v npm >/dev/null || fail 'npm is missing: install Node 18 or later, with npm'
  found=$(node --version 2>/dev/null || echo none)
  case $found in
  none | v[0-9].* | v1[0-7].*) fail "Node 18 or later is needed; found: $found" ;;
  esac
  rm -f "$stamp"
  [ "${found%%.*}" = v24 ] || npm_on_node_24
  step 'npm ci' npm ci --include=dev --include=optional
  node_24 || no_node_24
  rm -rf .build/node
  # For each folder, npx remembers the commands that a package had. It does not look up a command that it finds here.
  mkdir -p node_modules/.bin
  ln -sf ../../client/probe-registry.js node_modules/.bin/probe-registry
  echo "$digest" >"$stamp"
}

# npm omits optional packages that do not support its own Node version: on Node 18, a part of the test runner. So this installs
# Node 24 first, and moves it to a folder that npm ci does not remove, to run npm on it.
npm_on_node_24() {
  step 'npm ci --omit=dev, for Node 24' npm ci --omit=dev --include=optional --ignore-scripts
  node_24 || no_node_24
  rm -rf .build/node
  mv node_modules/node-linux-* .build/node
  PATH=$root/.build/node/bin:$PATH
}

node_24() {
  sh local/node.sh --version >/dev/null 2>&1
}

no_node_24() {
  fail "npm installed no Node 24 that runs on $(uname -sm): its packages are for Linux with glibc on x64 and arm64. The output of npm is in $root/$log"
}

# A lock, because two runs at once, e.g. of npm start and npm test, would empty node_modules for each other.
if [ -z "${SETUP_ALONE:-}" ] && command -v flock >/dev/null; then
  SETUP_ALONE=1 exec flock -o "$0" sh "$0" "$@"
fi
cd "$root"
system_packages
npm_packages
