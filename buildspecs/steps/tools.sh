# The tools that a build runs, and how a bare container comes by them.
# shellcheck shell=sh disable=SC2034 # sandbox.sh passes them on

# find_tools: names them; false when one is missing.
find_tools() {
  CLANG='' LLC='' STRIP=strip
  # One by one: dash looks at the first name only.
  # shellcheck disable=SC2046
  for command in make bwrap "$COMPILER" $(tree_tools); do command -v "$command" >/dev/null || return 1; done
  [ "$KERNEL" != source ] || [ -e /usr/include/gelf.h ] || return 1
  [ "$KIND" = ebpf ] || return 0
  CLANG=$(first_of clang clang-14) && LLC=$(first_of llc llc-14) && STRIP=$(first_of llvm-strip llvm-strip-14)
}

tree_tools() {
  [ "$KERNEL" != source ] || echo bc bison flex m4 xz
}

first_of() {
  for command; do
    if command -v "$command"; then return; fi
  done
  return 1
}

prepare_tools() {
  [ "$(uname -m)" = "$ARCH" ] || fail "this builder is $(uname -m)"
  [ "$TOOLS" = present ] || install_tools
  "${CLANG:-$COMPILER}" --version >"$WORK/compiler"
  head -n 1 "$WORK/compiler"
}

# Toolchain packages are taken apart onto the container, all at once, not installed one by one: their
# maintainer scripts have nothing to do there, and someone waits.
install_tools() {
  [ "$(id -u)" -eq 0 ] || fail "$(missing_tools), and only root could add them"
  say 'adding the toolchain packages'
  pids=
  for deb in "$WORK"/inputs/toolchain-*.deb; do
    [ -e "$deb" ] || fail "$(missing_tools), and the job brings no toolchain packages"
    add_package "$deb" &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086
  all_of $pids
  ldconfig
  find_tools || fail "$(missing_tools), even with the job's toolchain packages"
}

# /lib and its like are links into /usr, and must stay links.
add_package() {
  dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C /
}

missing_tools() {
  echo "this builder has not all of bwrap, make, $COMPILER$([ "$KIND" = kmod ] || echo ', clang, llc, llvm-strip')$(
    [ "$KERNEL" != source ] || echo ', bc, bison, flex, m4, xz, libelf-dev'
  )"
}
