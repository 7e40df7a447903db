# The tools that the build of a probe runs: the machine's own outside of the compiler's sandbox, and the root's in it.
# shellcheck shell=sh disable=SC2034 # sandbox.sh passes them on

# find_tools: false when one is missing.
find_tools() {
  # One by one: dash looks at the first name only.
  # shellcheck disable=SC2046
  for command in bwrap $(unpack_tools); do command -v "$command" >/dev/null || return 1; done
}

unpack_tools() {
  ! cut -f 2 "$WORK/gets" | grep -qx rpm || echo bsdtar
  ! cut -f 2 "$WORK/gets" | grep -qx tar.xz || echo xz
}

prepare_tools() {
  [ "$(uname -m)" = "$ARCH" ] || [ "$CROSS" != - ] || fail "this builder is $(uname -m)"
  [ "$TOOLS" = present ] || install_tools
}

missing_tools() {
  echo "this builder has not all of bwrap$(unpack_tools | sed 's/^/, /' | tr -d '\n')"
}

# The root as this machine has it unpacked already, or out of its archive.
open_root() {
  COMPILER_ROOT=/roots/$ROOT
  if [ ! -d "$COMPILER_ROOT" ]; then
    # On the disk: it has a gigabyte, and what $WORK is in may be memory.
    COMPILER_ROOT=/tmp/build-root
    mkdir "$COMPILER_ROOT"
    tar -xz -C "$COMPILER_ROOT" -f "$WORK"/inputs/root-*.tar.gz ||
      fail "the build root was not unpacked: is there room for it in /tmp?"
    rm "$WORK"/inputs/root-*.tar.gz
  fi
  case $CLANG-$COMPILER in
    --clang-*) CLANG='' LLC='' STRIP=llvm-strip-${COMPILER#clang-} ;;
    --*) CLANG='' LLC='' STRIP=${CROSS#-}strip ;;
    *) LLC=llc-${CLANG#clang-} STRIP=llvm-strip-${CLANG#clang-} ;;
  esac
  building "${CLANG:-$COMPILER}" --version >"$WORK/compiler" || fail "the build root has no ${CLANG:-$COMPILER} that runs"
  head -n 1 "$WORK/compiler"
}
