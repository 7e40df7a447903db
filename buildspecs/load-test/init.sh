#!/bin/busybox sh
# shellcheck shell=dash
# First process of the VM: loads /probe, reports each step.

/bin/busybox --install -s /bin
export PATH=/bin
# shellcheck source=/dev/null
. /job
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

# Uses the kernel's log: on the console, its lines and the kernel's would mix.
tell() {
  echo "$NONCE $*" >/dev/kmsg
}

# step NAME COMMAND...
step() {
  name=$1
  shift
  "$@" >/said 2>&1
  status=$?
  last=$(tail -n 1 /said)
  [ "$name" = capture ] || while read -r line; do tell "says $line"; done </said
  case $status-$name in
    0-capture) tell "saw $last" ;;
    3-capture) tell "untried $last" && return ;;
    2-verify) over "unjudged $last" ;;
    0-*) ;;
    *) over "refused $name: $last" ;;
  esac
  tell "ok $name"
}

over() {
  tell "$@"
  poweroff -f
}

opened() {
  : <"/dev/${DRIVER_NAME}0"
}

# Prints what bpf-load captured; it holds the probe.
captured() {
  { read -r captured && cat; } </captured && return "$captured"
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
    step capture /ring-read "$DRIVER_NAME"
    # The process that made events still makes them.
    step rmmod rmmod "$DRIVER_NAME"
    step gone gone
    ;;
  ebpf)
    step verify /bpf-load /probe
    step capture captured
    ;;
esac
over end of the test
