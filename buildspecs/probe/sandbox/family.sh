# In the sandbox: the tools of the compiler's family, for the architecture that the probe is of.
# shellcheck shell=sh

case $ARCH in
  x86_64) SRCARCH=x86 ;;
  aarch64) SRCARCH=arm64 ;;
esac
# In the environment make would take it for the kernel's own name of it, which `aarch64` is not.
TARGET=$ARCH
unset ARCH

# tool NAME: the command that `make` calls so by itself. A kernel that clang built is linked by lld, and its objects may be
# bitcode, which no tool of binutils reads.
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

# family: make's variables, one a word. What kbuild has for it, LLVM=-14, knows versions since 5.18 only.
family() {
  echo "CC=$CC"
  [ -z "$CROSS" ] || echo "ARCH=$SRCARCH CROSS_COMPILE=$CROSS"
  case $CC in
    clang-*) for name in $BINUTILS; do echo "$(echo "$name" | tr '[:lower:]' '[:upper:]')=$(tool "$name")"; done ;;
  esac
}

# The same of the tools that a tree is made with: they run on this machine.
host_family() {
  case $CC in
    clang-*) echo "HOSTCC=$CC HOSTLD=ld.lld-$LLVM HOSTAR=llvm-ar-$LLVM" ;;
    *) echo "HOSTCC=${CC#"$CROSS"}" ;;
  esac
}

# A driver tries out its kernel under `env -i`, by PATH alone, and what fails there chooses other code in silence: the
# family by the names that make knows. Before 7.3.0 that is also so of the compiler, before 10.0.0 of the linker.
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
