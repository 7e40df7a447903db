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
