# The tools that a load test runs.
# shellcheck shell=sh

# find_tools: false when one is missing.
find_tools() {
  for command in bwrap busybox xz "qemu-system-$ARCH"; do command -v "$command" >/dev/null || return 1; done
  ! cut -f 2 "$WORK/gets" | grep -qx rpm || command -v bsdtar >/dev/null || return 1
  COMPILER=$(first_of gcc gcc-12 cc)
}

# The VM has no libraries, so the program that it tests with is a static one.
prepare_tools() {
  [ "$(uname -m)" = "$ARCH" ] || fail "this builder is $(uname -m)"
  [ "$TOOLS" = present ] || install_tools
  case $KIND in
    kmod) program=ring-read ;;
    ebpf) program=bpf-load ;;
  esac
  "$COMPILER" -static -O1 -s -o "$WORK/root/$program" "$STEPS/load-test/$program.c" ||
    fail "$program.c does not compile with $COMPILER"
}

missing_tools() {
  echo "this builder has not all of bwrap, busybox (static), xz, qemu-system-$ARCH, gcc"
}
