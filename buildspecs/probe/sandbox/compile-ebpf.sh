# In the sandbox: the legacy eBPF probe.
# shellcheck shell=sh

probe_file() {
  echo "/build/driver/bpf/probe.o"
}

compile_driver() {
  if [ ! -d /build/driver/bpf ]; then
    echo 'these driver sources have no legacy eBPF probe: bpf/ is not in them'
    return 1
  fi
  # Each word is a variable.
  # shellcheck disable=SC2046
  make -C /build/driver/bpf -j"$(nproc)" KERNELDIR="$KERNELDIR" CLANG="$CLANG" LLC="$LLC" $(family)
}
