# Opens the root of the compiler.
# shellcheck shell=sh disable=SC2034 # sandbox.sh passes them on

# A cross compiler's root is for this machine.
check_machine() {
  [ "$(uname -m)" = "$ARCH" ] || [ "$CROSS" != - ] || fail "this builder is $(uname -m)"
}

# Uses the machine's unpacked root, or unpacks its archive.
open_root() {
  COMPILER_ROOT=/roots/$ROOT
  if [ ! -d "$COMPILER_ROOT" ]; then
    # On disk: it has a gigabyte, and $WORK may be in memory.
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
