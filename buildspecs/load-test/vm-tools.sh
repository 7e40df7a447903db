# The tools that a load test runs.
# shellcheck shell=sh

# find_tools: false when one is missing.
find_tools() {
  COMPILER=''
  for command in bwrap busybox xz "qemu-system-$ARCH"; do command -v "$command" >/dev/null || return 1; done
  ! cut -f 2 "$WORK/gets" | grep -qx rpm || command -v bsdtar >/dev/null || return 1
  [ "$KIND" = kmod ] || COMPILER=$(first_of gcc gcc-12 cc)
}

# The VM has no libraries, so its loader is a static program.
prepare_tools() {
  [ "$(uname -m)" = "$ARCH" ] || fail "this builder is $(uname -m)"
  [ "$TOOLS" = present ] || install_tools
  [ -z "$COMPILER" ] || "$COMPILER" -static -O1 -s -o "$WORK/root/bpf-load" "$STEPS/load-test/bpf-load.c" ||
    fail "the loader of eBPF objects does not compile with $COMPILER"
}

missing_tools() {
  echo "this builder has not all of bwrap, busybox (static), xz, qemu-system-$ARCH$([ "$KIND" = kmod ] || echo ', gcc')"
}
