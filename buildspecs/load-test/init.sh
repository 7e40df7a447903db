#!/bin/busybox sh
# shellcheck shell=dash
# In the VM, as its first process: loads /probe, and tells of each step.

/bin/busybox --install -s /bin
export PATH=/bin
# shellcheck source=/dev/null
. /job
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

# By the kernel's own log: written to the console directly, it and what the kernel says would mix within a line.
tell() {
  echo "$NONCE $*" >/dev/kmsg
}

# step NAME COMMAND...
step() {
  name=$1
  shift
  "$@" >/said 2>&1
  status=$?
  while read -r line; do tell "says $line"; done </said
  case $status in
    0) tell "ok $name" ;;
    2) [ "$name" != verify ] || over "unjudged $(tail -n 1 /said)" ;;
  esac
  [ "$status" -eq 0 ] || over "refused $name: $(tail -n 1 /said)"
}

over() {
  tell "$@"
  poweroff -f
}

# Falco does no more before it captures.
opened() {
  : <"/dev/${DRIVER_NAME}0"
}

gone() {
  ! grep -q "^$DRIVER_NAME " /proc/modules
}

dmesg -n 8
tell "ready $(uname -r)"
case $KIND in
  kmod)
    step insmod insmod /probe
    step listed grep -q "^$DRIVER_NAME " /proc/modules
    step major grep -q " $DRIVER_NAME\$" /proc/devices
    step device test -c "/dev/${DRIVER_NAME}0"
    step opened opened
    step rmmod rmmod "$DRIVER_NAME"
    step gone gone
    ;;
  ebpf) step verify /bpf-load /probe ;;
esac
over end of the test
