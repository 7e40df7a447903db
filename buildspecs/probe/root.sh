# The root that a probe is compiled in.
# shellcheck shell=sh disable=SC2034 # sandbox.sh passes them on

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
  if [ "$CLANG" = - ]; then
    CLANG='' LLC='' STRIP=strip
  else
    LLC=llc-${CLANG#clang-} STRIP=llvm-strip-${CLANG#clang-}
  fi
  building "${CLANG:-$COMPILER}" --version >"$WORK/compiler" || fail "the build root has no ${CLANG:-$COMPILER} that runs"
  head -n 1 "$WORK/compiler"
}
