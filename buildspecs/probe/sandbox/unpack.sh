# In the sandbox: /inputs taken apart into /kernel (header packages) and /driver (driver sources), all at once,
# whatever mix of formats they are (PACKAGE_FORMATS of lib/model/probe.ts).
# shellcheck shell=sh

# unpack FILE FOLDER [MEMBER]: of a .tar.xz, as kits are, only that member where one is named.
unpack() {
  case $1 in
    *.deb) dpkg-deb --fsys-tarfile "$1" | extract "$2" ;;
    *.rpm) bsdtar -x -k --no-same-owner --no-same-permissions -f "$1" -C "$2" ;;
    *.tar.gz) gzip -dc "$1" | extract "$2" ;;
    *.tar.xz) xz -dc "$1" | extract "$2" ${3:+"$(before_names "$1")$3"} ;;
    *.tar.zst) zstd -dc "$1" | extract "$2" ;;
    *) echo "no step unpacks ${1##*/}" && return 1 ;;
  esac
}

# before_names FILE: what its names begin with, if they do: tar takes a member by its very name.
before_names() {
  case $(xz -dc "$1" 2>/dev/null | tar -t 2>/dev/null | head -n 1) in
    ./*) echo ./ ;;
  esac
}

# The folder itself may be another user's, and stays as it is: what exists is skipped.
extract() {
  tar -x --no-same-owner --no-same-permissions --skip-old-files -C "$@"
}

pids=
for input in /inputs/*; do
  case $input in
    # What else is in it, as the toolchain of a kit, is several times as large.
    /inputs/header-*) set -- /kernel "$TREE" ;;
    /inputs/driver-*) set -- /driver ;;
    *) continue ;;
  esac
  unpack "$input" "$@" &
  pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
# Debian's headers hold a small vmlinux from 6.12 on. Where it finds one, kbuild has pahole make the module's BTF of it,
# which some kernels refuse where another pahole made theirs; without one it leaves that out by its own rule.
rm -f "/kernel/$TREE/vmlinux"
