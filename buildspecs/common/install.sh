# How a bare container comes by the tools that it lacks: the flow says which, in find_tools and missing_tools.
# shellcheck shell=sh

first_of() {
  for command; do
    if command -v "$command"; then return; fi
  done
  return 1
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
