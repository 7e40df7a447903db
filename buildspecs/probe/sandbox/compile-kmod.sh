# In the sandbox: the kernel module.
# shellcheck shell=sh

probe_file() {
  echo "/build/driver/$DRIVER_NAME.ko"
}

compile_driver() {
  make -C /build/driver -j"$(nproc)" KERNELDIR="$KERNELDIR" CC="$CC"
}
