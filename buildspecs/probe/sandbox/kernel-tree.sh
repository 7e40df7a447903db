# In the sandbox: prepares the build tree for `make`.
# shellcheck shell=sh

# kernel_tree: prints its path.
kernel_tree() {
  case $KERNEL in
    headers) tree_of_headers ;;
    *) tree_prepared ;;
  esac
}

# A hostile config may have made it: the sandbox has only this build.
tree_prepared() {
  mkdir /build/kernel
  tar -xz --no-same-owner --no-same-permissions -C /build/kernel -f /inputs/prepared.tar.gz
  # As in unpack.sh.
  rm -f /build/kernel/vmlinux
  [ ! -f /inputs/Module.symvers ] || cp /inputs/Module.symvers /build/kernel/
  echo /build/kernel
}

# Debian's includes /usr/src/... by absolute path. /usr here is the machine's, so this makes a tree of links with a Makefile
# of the real path.
tree_of_headers() {
  real=/kernel/$TREE
  if [ ! -e "$real/scripts/mod/modpost" ] && [ -f "$real/scripts/mod/modpost.c" ]; then
    with_tools "$real" >&2
    echo /build/kernel
    return
  fi
  if ! grep -q '^include /usr/' "$real/Makefile"; then
    echo "$real"
    return
  fi
  mkdir /build/kernel
  ln -s "$real"/* "$real"/.[!.]* /build/kernel/
  rm /build/kernel/Makefile
  # Since 7.x it names its own path too.
  sed 's,^include /usr/,include /kernel/usr/,; s,^KBUILD_OUTPUT=.*,KBUILD_OUTPUT=/build/kernel,' \
    "$real/Makefile" >/build/kernel/Makefile
  echo /build/kernel
}

# Bottlerocket's has its tools' sources, and a Makefile that builds them first.
with_tools() {
  echo 'making the tools of the kernel tree'
  mkdir /build/kernel /build/nothing
  cp -R --preserve=mode,timestamps,links "$1/." /build/kernel
  # Each word is a variable.
  # shellcheck disable=SC2046
  make -s -C /build/kernel -j"$(nproc)" M=/build/nothing $(family) prepare 3>&-
}
