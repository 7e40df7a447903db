# In the sandbox: builds a kernel tree from source and config in /inputs, as .tar.gz on file descriptor 3. A config can run
# commands here: nothing relies on earlier checks.
# shellcheck shell=sh

# shellcheck source-path=SCRIPTDIR source=bounds.sh
. /steps/probe/sandbox/bounds.sh
# shellcheck source-path=SCRIPTDIR source=family.sh
. /steps/probe/sandbox/family.sh
# shellcheck source-path=SCRIPTDIR source=source.sh
. /steps/probe/sandbox/source.sh

# Not for modules: resolve_btfids is for kernels, signing needs OpenSSL.
leave_out() {
  sed -i '/^prepare[a-z0-9-]*:/s, [a-z/-]*resolve_btfids,,' Makefile
  sed -i '/+= *\(sign-file\|extract-cert\|insert-sys-cert\)$/d' scripts/Makefile
}

# Without the pahole of the kernel's build, options that change the layout of `struct module` would be dropped: this one
# only prints its version. Configs before 5.16 lack it.
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

# The module must have the structures of the running kernel. Prints `CONFIG_X y n` (requested, actual) for each option that
# differs and may change one: a header names it, or no Kconfig here knows it, which means another kernel's source. Options
# that only describe tools change none, except GCC's plugins and stack protector. Nor does arm64's second vDSO, which needs
# a 32-bit compiler.
find_lost() {
  grep -rhoE 'CONFIG_[A-Za-z0-9_]+' --include='*.h' --exclude=autoconf.h --exclude=vmlinux.lds.h \
    include "arch/$SRCARCH/include" >/build/named || true
  find . -name 'Kconfig*' -type f -exec \
    sed -n 's/^[[:space:]]*\(menu\)\{0,1\}config[[:space:]]\{1,\}\([A-Za-z0-9_]\{1,\}\).*/CONFIG_\2/p' {} + >/build/known
  awk 'part < 3 { is[part, $1]; next }
    part == 3 {
      at = index($0, "=")
      if (/^CONFIG_[A-Za-z0-9_]+=[^"]/) asked[substr($0, 1, at - 1)] = substr($0, at + 1)
      next
    }
    $1 == "#define" && $2 ~ /^CONFIG_/ && $3 !~ /^"/ {
      name = $2
      if (!(name in asked) && sub(/_MODULE$/, "", name)) holds[name] = "m"
      else holds[name] = $3 == 1 && asked[name] != 1 ? "y" : $3
    }
    function value(of, name) { return name in of && of[name] != "" ? of[name] : "n" }
    function look(name) {
      if (value(asked, name) == value(holds, name)) return
      if (name ~ /^CONFIG_(AS|CC|CLANG|GCC[0-9]*|LD|LLD|PAHOLE|RUSTC|TOOLS)_/ && name !~ /PLUGIN|PROTECTOR/ || name ~ /COMPAT_VDSO$/) return
      if ((1, name) in is || (1, name "_MODULE") in is || value(asked, name) != "n" && !((2, name) in is))
        print name, value(asked, name), value(holds, name)
    }
    END {
      for (name in asked) look(name)
      for (name in holds) if (!(name in asked)) look(name)
    }' part=1 /build/named part=2 /build/known part=3 "$1" part=4 include/generated/autoconf.h | LC_ALL=C sort >lost-options
  [ ! -s lost-options ] || {
    echo "the config has $(wc -l <lost-options) options that do not hold in this source with this compiler (as asked for, and as they hold):"
    head -n 20 lost-options
  }
}

# Use the running kernel's release, whatever source and config say.
name_release() {
  printf '%s\n' "$UNAME_RELEASE" >include/config/kernel.release
  printf '#define UTS_RELEASE "%s"\n' "$UNAME_RELEASE" >include/generated/utsrelease.h
}

# A host sends the headers that its kernel contains: those of its own build. Only C headers are taken, nothing that make or
# a shell reads. That is made from the config.
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

# Regular files only, and only those that modules need.
pack() {
  {
    find .config lost-options Makefile include scripts "arch/$SRCARCH/include" -type f ! -name '*.[cos]' ! -name '.*.cmd' \
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
    ;;
  default) make_kernel defconfig ;;
esac
echo 'preparing the tree'
make_kernel modules_prepare
take_kheaders
: >lost-options
[ "$CONFIG" = default ] || find_lost /inputs/config-*.text
name_release
pack >&3
