# The tools that the build of a probe runs.
# shellcheck shell=sh disable=SC2034 # sandbox.sh passes them on

# find_tools: names them; false when one is missing.
find_tools() {
  CLANG='' LLC='' STRIP=strip
  # One by one: dash looks at the first name only.
  # shellcheck disable=SC2046
  for command in make bwrap "$COMPILER" $(tree_tools) $(unpack_tools); do command -v "$command" >/dev/null || return 1; done
  [ "$KERNEL" != source ] || [ -e /usr/include/gelf.h ] || return 1
  [ "$KIND" = ebpf ] || return 0
  CLANG=$(first_of clang clang-14) && LLC=$(first_of llc llc-14) && STRIP=$(first_of llvm-strip llvm-strip-14)
}

tree_tools() {
  [ "$KERNEL" != source ] || echo bc bison flex m4 xz
}

unpack_tools() {
  ! cut -f 2 "$WORK/gets" | grep -qx rpm || echo bsdtar
  ! cut -f 2 "$WORK/gets" | grep -qx tar.xz || echo xz
}

prepare_tools() {
  [ "$(uname -m)" = "$ARCH" ] || fail "this builder is $(uname -m)"
  [ "$TOOLS" = present ] || install_tools
  "${CLANG:-$COMPILER}" --version >"$WORK/compiler"
  head -n 1 "$WORK/compiler"
}

missing_tools() {
  echo "this builder has not all of bwrap, make, $COMPILER$([ "$KIND" = kmod ] || echo ', clang, llc, llvm-strip')$(
    [ "$KERNEL" != source ] || echo ', bc, bison, flex, m4, xz, libelf-dev'
    unpack_tools | sed 's/^/, /' | tr -d '\n'
  )"
}
