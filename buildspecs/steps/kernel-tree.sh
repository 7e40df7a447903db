# In the sandbox: the kernel build tree as `make` wants it.
# shellcheck shell=sh

# kernel_tree: prints its path. Debian's includes /usr/src/... by absolute path; as /usr here is the machine's own,
# that tree is one of links to the real one, with a Makefile that names the real place.
kernel_tree() {
  real=/kernel/$TREE
  if ! grep -q '^include /usr/' "$real/Makefile"; then
    echo "$real"
    return
  fi
  mkdir /build/kernel
  ln -s "$real"/* "$real"/.[!.]* /build/kernel/
  rm /build/kernel/Makefile
  sed 's,^include /usr/,include /kernel/usr/,' "$real/Makefile" >/build/kernel/Makefile
  echo /build/kernel
}
