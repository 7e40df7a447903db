#!/bin/sh
# The load test of one probe, from the job document (/job) to the uploaded verdict: lib/build/verdict.ts reads it. Runs in
# the root of the machine.
#
# What a verdict is worth. Before the probe is loaded, nothing of it has run: that the machine booted, and which kernel,
# is certain. From then on the probe is part of the kernel that reports on it: one written to deceive can forge all
# that follows. So `passed` tells a probe that works from one that does not, and never a good one from an evil one.
# The nonce keeps apart what this test says and what an honest kernel happens to print, no more. What a probe cannot do
# from in there is to touch the machine outside: the machine runs as nobody, without network, in the sandbox.
#
# Environment: STEPS (the folder of all steps).
# Exits 0 when there was a verdict of `passed` or `failed`.
set -eu
# Where a sandbox writes to it, it is given one.
exec 3>&-
umask 022
export LC_ALL=C
WORK=/tmp/load-test

for step in common/stages common/transfer common/job load-test/settings load-test/tester common/fetch common/calls \
  common/sandbox load-test/vm common/log load-test/verdict; do
  # shellcheck source=/dev/null
  . "$STEPS/$step.sh"
done

flow() {
  trap 'conclude $?' EXIT
  say "$PROBE"
  [ -n "$IMAGE" ] || fail 'there is no image of this kernel'
  fetch_inputs
  stage prepare
  check_machine
  compile_tester
  choose_sandbox image_sandbox
  stage image
  take_image
  pack_initramfs
  stage boot
  boot_image
  judge
  stage 'done'
}

mkdir "$WORK"
# A machine that may not mount has a /tmp in memory.
mount -t tmpfs -o mode=755 load-test "$WORK" 2>/dev/null || true
mkdir "$WORK/inputs" "$WORK/vm" "$WORK/root"
: >"$WORK/gets"
stage fetch
read_job /job
PROBE="$DRIVER_NAME $DRIVER_VERSION $KIND for $UNAME_RELEASE ($ARCH)"
follow_log
flow 2>&1 </dev/null | keep_ends | tee "$WORK/log"
stop_following
publish_report
exit "$(cat "$WORK/status")"
