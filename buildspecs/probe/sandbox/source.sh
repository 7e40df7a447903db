# In the sandbox: unpacks the kernel sources that its build tree needs.
# shellcheck shell=sh

# To /build/kernel. Reads all, writes a tenth: every Kconfig and Makefile, the headers, and the sources of the tools.
unpack_source() {
  set -- 'Documentation/*/*' 'tools/testing/*' 'tools/perf/*' "arch/[!${SRCARCH%"${SRCARCH#?}"}]*/*.[chS]" \
    '*.dts' '*.dtsi' 'drivers/*.[chS]' 'sound/*.[ch]'
  for folder in block certs crypto fs init io_uring ipc mm net rust samples security virt; do
    set -- "$@" "$folder/*.[cS]"
  done
  for pattern; do
    shift
    set -- "$@" "--exclude=*/$pattern"
  done
  mkdir /build/source
  source_tar /inputs/source-* | tar -x --no-same-owner --no-same-permissions -C /build/source "$@"
  for folder in /build/source /build/source/*; do
    if [ -f "$folder/Kconfig" ]; then
      mv "$folder" /build/kernel
      return
    fi
  done
  echo 'the source is not an archive of a kernel'
  return 1
}

# -T0: all processors read an archive of several blocks.
source_tar() {
  case $1 in
    *.deb) deb_tar "$1" | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' | xz -dc -T0 ;;
    *.tar.xz) xz -dc -T0 "$1" ;;
    *.tar.gz) gzip -dc "$1" ;;
  esac
}

# A package is an ar archive with one member of files: a compiler's root has ar, not dpkg.
deb_tar() {
  member=$(ar t "$1" | grep '^data\.tar')
  case $member in
    *.xz) ar p "$1" "$member" | xz -dc ;;
    *.zst) ar p "$1" "$member" | zstd -dc ;;
    *.gz) ar p "$1" "$member" | gzip -dc ;;
    *) ar p "$1" "$member" ;;
  esac
}
