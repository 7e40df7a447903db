# In the sandbox: selects the compiler's tools for the probe's architecture.
# shellcheck shell=sh

case $ARCH in
  x86_64) SRCARCH=x86 ;;
  aarch64) SRCARCH=arm64 ;;
esac
# An exported ARCH would reach make, whose names differ: `aarch64` is not one.
TARGET=$ARCH
unset ARCH

# tool NAME: the command for what `make` calls NAME. A kernel built by clang is linked by lld, and may have bitcode objects,
# which binutils cannot read.
tool() {
  case $CC-$1 in
    *-gcc) echo "$CC" ;;
    clang-*-ld) echo "ld.lld-$LLVM" ;;
    clang-*) echo "llvm-$1-$LLVM" ;;
    *) echo "$CROSS$1" ;;
  esac
}
LLVM=${CC#clang-}
BINUTILS='ld ar nm objcopy objdump readelf strip'

# family: make's variables, one a word. kbuild's own LLVM=-14 needs 5.18.
family() {
  echo "CC=$CC"
  [ -z "$CROSS" ] || echo "ARCH=$SRCARCH CROSS_COMPILE=$CROSS"
  case $CC in
    clang-*) for name in $BINUTILS; do echo "$(echo "$name" | tr '[:lower:]' '[:upper:]')=$(tool "$name")"; done ;;
  esac
}

# The same for tools of the tree: they run on this machine.
host_family() {
  case $CC in
    clang-*) echo "HOSTCC=$CC HOSTLD=ld.lld-$LLVM HOSTAR=llvm-ar-$LLVM" ;;
    *) echo "HOSTCC=${CC#"$CROSS"}" ;;
  esac
}

# A driver probes its kernel under `env -i` with only PATH, and a failure selects other code silently. So PATH has the tools
# by make's names; before 7.3.0 also the compiler, before 10.0.0 the linker.
shadow_tools() {
  case $CC-$CROSS in
    gcc-*-) return ;;
  esac
  mkdir /build/bin
  for name in gcc $BINUTILS; do shadow "$name" "exec $(tool "$name") \"\$@\""; done
  [ -z "$CROSS" ] || shadow uname "case \$* in -m) echo $TARGET ;; *) exec /usr/bin/uname \"\$@\" ;; esac"
  PATH=/build/bin:$PATH
}

# shadow NAME LINE
shadow() {
  printf '#!/bin/sh\n%s\n' "$2" >"/build/bin/$1"
  chmod +x "/build/bin/$1"
}
