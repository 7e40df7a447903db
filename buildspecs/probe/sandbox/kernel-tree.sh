# In the sandbox: the kernel build tree as `make` wants it.
# shellcheck shell=sh

# kernel_tree: prints its path.
kernel_tree() {
  case $KERNEL in
    headers) tree_of_headers ;;
    *) tree_prepared ;;
  esac
}

# A hostile config may have made that archive: in here it finds nothing but this build.
tree_prepared() {
  mkdir /build/kernel
  tar -xz --no-same-owner --no-same-permissions -C /build/kernel -f /inputs/prepared.tar.gz
  # As in unpack.sh.
  rm -f /build/kernel/vmlinux
  [ ! -f /inputs/Module.symvers ] || cp /inputs/Module.symvers /build/kernel/
  echo /build/kernel
}

# Debian's includes /usr/src/... by absolute path; as /usr here is the machine's own,
# that tree is one of links to the real one, with a Makefile that names the real place.
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
  # Since 7.x it names its own place as well.
  sed 's,^include /usr/,include /kernel/usr/,; s,^KBUILD_OUTPUT=.*,KBUILD_OUTPUT=/build/kernel,' \
    "$real/Makefile" >/build/kernel/Makefile
  echo /build/kernel
}

# Bottlerocket's holds the sources of its tools, and a Makefile that makes them before any module.
with_tools() {
  echo 'making the tools of the kernel tree'
  mkdir /build/kernel /build/nothing
  cp -R --preserve=mode,timestamps,links "$1/." /build/kernel
  # Each word is a variable.
  # shellcheck disable=SC2046
  make -s -C /build/kernel -j"$(nproc)" M=/build/nothing $(family) prepare 3>&-
}
