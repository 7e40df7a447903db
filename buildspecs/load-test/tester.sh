# Compiles the test program before the machine starts.
# shellcheck shell=sh

# Static, because the VM has no libraries.
compile_tester() {
  case $KIND in
    kmod) program=ring-read ;;
    ebpf) program=bpf-load ;;
  esac
  compiler=gcc
  [ "$(uname -m)" = "$ARCH" ] || compiler=$ARCH-linux-gnu-gcc
  command -v "$compiler" >/dev/null || fail "this builder is $(uname -m), and the machine's root has no $compiler"
  "$compiler" -static -O1 -s -o "$WORK/root/$program" "$STEPS/load-test/$program.c" ||
    fail "$program.c does not compile with the $compiler of the machine's root"
}
