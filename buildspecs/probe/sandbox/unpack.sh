# In the sandbox: unpacks /inputs into /kernel (header packages) and /driver (driver sources), in parallel, for any mix of
# formats (PACKAGE_FORMATS of lib/model/probe.ts).
# shellcheck shell=sh

# unpack FILE FOLDER [MEMBER]: MEMBER limits what a .tar.xz, such as a kit, writes.
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

# before_names FILE: the prefix of its names, if any: tar needs exact names.
before_names() {
  case $(xz -dc "$1" 2>/dev/null | tar -t 2>/dev/null | head -n 1) in
    ./*) echo ./ ;;
  esac
}

# Skip the folder itself: it may be another user's.
extract() {
  tar -x --no-same-owner --no-same-permissions --skip-old-files -C "$@"
}

pids=
for input in /inputs/*; do
  case $input in
    # The rest, such as a kit's toolchain, is several times as large.
    /inputs/header-*) set -- /kernel "$TREE" ;;
    /inputs/driver-*) set -- /driver ;;
    *) continue ;;
  esac
  unpack "$input" "$@" &
  pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
# Since 6.12 Debian's headers have a small vmlinux. If it exists, kbuild lets pahole add BTF to the module, which kernels
# with another pahole's may refuse. Without it kbuild omits BTF.
rm -f "/kernel/$TREE/vmlinux"
