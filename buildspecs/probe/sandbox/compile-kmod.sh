# In the sandbox: the kernel module.
# shellcheck shell=sh

probe_file() {
  echo "/build/driver/$DRIVER_NAME.ko"
}

compile_driver() {
  # Each word is a variable.
  # shellcheck disable=SC2046
  make -C /build/driver -j"$(nproc)" KERNELDIR="$KERNELDIR" $(family)
}
