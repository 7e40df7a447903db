#!/bin/sh
# Tests one probe, from the job document (/job) to the uploaded verdict (lib/build/verdict.ts). Runs in the root of the
# machine.
#
# Limits of a verdict: the boot and the kernel's release are certain, because no code of the probe has run yet. Once loaded,
# the probe is part of the kernel that reports on it, and a malicious one can forge everything that follows. So `passed`
# shows that a probe works, not that it is benign. The nonce only separates the test's output from other kernel output. A
# probe cannot reach the outside: the machine runs as nobody, without network, in the sandbox.
#
# Environment: STEPS (the folder of all steps).
# Exits 0 if the verdict is `passed` or `failed`.
set -eu
# Sandboxes that write to it get their own.
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
# Where mounting is forbidden, /tmp is in memory.
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
