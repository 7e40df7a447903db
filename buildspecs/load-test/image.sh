# In the sandbox: writes a kernel's image to fd 3.
# shellcheck shell=sh

# Blocks of 512 bytes.
ulimit -f 524288

# The image comes early in its package: stop reading there.
packaged() {
  for image in /inputs/boot-*; do
    [ ! -f "$image" ] || exec cat "$image"
  done
  for package in /inputs/kernel-*; do
    case $package in
      *.deb) packed "$package" "./boot/vmlinuz-$UNAME_RELEASE" || packed "$package" "$MODULES/vmlinuz" ;;
      *.rpm | *.tar.*) packed_by_others "$package" ;;
    esac
  done
}

MODULES=./usr/lib/modules/$UNAME_RELEASE

# packed_by_others PACKAGE: places differ by distribution; Arch Linux until 2019 and on ARM has no release in the path.
packed_by_others() {
  for path in "./lib/modules/$UNAME_RELEASE/vmlinuz" "$MODULES/vmlinuz" "./boot/vmlinuz-$UNAME_RELEASE" \
    './boot/vmlinuz-linux*' ./boot/Image; do
    bsdtar -xOq -f "$1" "$path" 2>/dev/null && return
  done
}

# packed PACKAGE PATH
packed() {
  dpkg-deb --fsys-tarfile "$1" 2>/dev/null | tar -xO --occurrence=1 "$2" 2>/dev/null
}

# word FORMAT OFFSET BYTES
word() {
  od -An "-t$1" "-j$2" "-N$3" /kernel/vmlinuz | tr -d ' \n'
}

# An emulated kernel needs longer to decompress itself than to boot. Offsets: "The Linux/x86 Boot Protocol" (HdrS,
# setup_sects, payload_offset).
unwrapped() {
  [ "$(word c 514 4)" = HdrS ]
  at=$((($(word u1 497 1) + 1) * 512 + $(word u4 584 4)))
  [ "$(word x1 "$at" 6)" = fd377a585a00 ]
  tail -c "+$((at + 1))" /kernel/vmlinuz | xz -dc --single-stream
}

case $1 in
  package) packaged >&3 ;;
  unwrapped) unwrapped >&3 ;;
esac
