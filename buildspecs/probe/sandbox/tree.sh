# In the sandbox: from the kernel's source and config in /inputs to its build tree, a .tar.gz on file descriptor 3.
# A config can run commands in here: whatever was checked before, nothing here relies on it.
# shellcheck shell=sh

# shellcheck source-path=SCRIPTDIR source=bounds.sh
. /steps/probe/sandbox/bounds.sh
# shellcheck source-path=SCRIPTDIR source=family.sh
. /steps/probe/sandbox/family.sh
# shellcheck source-path=SCRIPTDIR source=source.sh
. /steps/probe/sandbox/source.sh

# What no module needs: resolve_btfids is for a whole kernel, and signing needs OpenSSL.
leave_out() {
  sed -i '/^prepare[a-z0-9-]*:/s, [a-z/-]*resolve_btfids,,' Makefile
  sed -i '/+= *\(sign-file\|extract-cert\|insert-sys-cert\)$/d' scripts/Makefile
}

# Without the pahole of the kernel's own build, options that change the layout of `struct module` would be turned
# off: this one says its version, and is asked for no more. Before 5.16 a config does not name it.
stand_in_for_pahole() {
  version=$(sed -n 's/^CONFIG_PAHOLE_VERSION=\([1-9]\)\([0-9][0-9]\)$/v\1.\2/p' "$1" | tail -n 1)
  if [ -z "$version" ] && grep -qx CONFIG_PAHOLE_HAS_SPLIT_BTF=y "$1"; then version=v1.22; fi
  [ -n "$version" ] || return 0
  printf '#!/bin/sh\necho %s\n' "$version" >/build/pahole
  chmod +x /build/pahole
}

make_kernel() {
  # Each word is a variable.
  # shellcheck disable=SC2046
  make -s -j"$(nproc)" ARCH="$SRCARCH" $(family) $(host_family) PAHOLE=/build/pahole LOCALVERSION= "$@" 3>&-
}

# The module must have the layouts of the running kernel: what does not hold here is told, but for the tools' names and for
# strings that were emptied.
tell_lost() {
  grep '^CONFIG_' "$1" | grep -v '^CONFIG_[A-Z]*_VERSION\|=""$' | grep -vxFf .config >/build/lost || return 0
  echo "the config has $(wc -l </build/lost) options that do not hold in this source with this compiler:"
  head -n 20 /build/lost
}

# The release is the running kernel's, whatever the source and the config call it.
name_release() {
  printf '%s\n' "$UNAME_RELEASE" >include/config/kernel.release
  printf '#define UTS_RELEASE "%s"\n' "$UNAME_RELEASE" >include/generated/utsrelease.h
}

# The headers that the running kernel carries in itself are those of its own build. A host sends them: its C headers are
# taken, and nothing that make or a shell reads. That is made of the config.
take_kheaders() {
  for archive in /inputs/kheaders-*.tar.xz; do
    [ -f "$archive" ] || return 0
    echo 'taking the headers of the running kernel'
    mkdir /build/kheaders
    xz -dc "$archive" | tar -x --no-same-owner --no-same-permissions -C /build/kheaders
    find /build/kheaders -type f -name '*.h' -printf '%P\0' |
      grep -z '^\(include\|arch/[a-z0-9_]*/include\)/' | grep -vz '^include/config/' |
      tar -c --null --no-recursion -C /build/kheaders -T - | tar -x --no-same-owner --no-same-permissions
  done
}

# Regular files only, and only what a module's build reads.
pack() {
  {
    find .config Makefile include scripts "arch/$SRCARCH/include" -type f ! -name '*.[cos]' ! -name '.*.cmd' \
      ! -path 'include/config/[A-Z]*' ! -path 'include/config/*.h'
    find "arch/$SRCARCH" tools \( -name 'Makefile*' -o -name '*.lds' -o -name objtool \) -type f
  } | LC_ALL=C sort -u |
    tar -c --no-recursion --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -T - | gzip -1n
}

echo 'unpacking the source'
unpack_source
cd /build/kernel || exit
leave_out
case $CONFIG in
  submitted)
    cp /inputs/config-*.text .config
    stand_in_for_pahole .config
    echo 'filling in the config'
    make_kernel olddefconfig
    tell_lost /inputs/config-*.text
    ;;
  default) make_kernel defconfig ;;
esac
echo 'preparing the tree'
make_kernel modules_prepare
take_kheaders
name_release
pack >&3
