#!/bin/sh
# Builds one probe, from the job document (/job) to the uploaded probe, log and manifest. Runs in the root of the steps.
#
# Environment: STEPS (the folder of all steps).
# Exits 0 only if the probe was uploaded.
set -eu
# Sandboxes that write to it get their own.
exec 3>&-
umask 022
export LC_ALL=C
WORK=/tmp/probe-build

# shellcheck source-path=SCRIPTDIR source=../common/stages.sh
. "$STEPS/common/stages.sh"
# shellcheck source-path=SCRIPTDIR source=../probe/report.sh
. "$STEPS/probe/report.sh"
# shellcheck source-path=SCRIPTDIR source=../common/transfer.sh
. "$STEPS/common/transfer.sh"
# shellcheck source-path=SCRIPTDIR source=../common/job.sh
. "$STEPS/common/job.sh"
# shellcheck source-path=SCRIPTDIR source=../probe/settings.sh
. "$STEPS/probe/settings.sh"
# shellcheck source-path=SCRIPTDIR source=../probe/root.sh
. "$STEPS/probe/root.sh"
# shellcheck source-path=SCRIPTDIR source=../common/fetch.sh
. "$STEPS/common/fetch.sh"
# shellcheck source-path=SCRIPTDIR source=../common/calls.sh
. "$STEPS/common/calls.sh"
# shellcheck source-path=SCRIPTDIR source=../common/sandbox.sh
. "$STEPS/common/sandbox.sh"
# shellcheck source-path=SCRIPTDIR source=../probe/compiling.sh
. "$STEPS/probe/compiling.sh"
# shellcheck source-path=SCRIPTDIR source=../common/log.sh
. "$STEPS/common/log.sh"

flow() {
  trap 'conclude $?' EXIT
  say "$PROBE"
  fetch_inputs
  stage prepare
  check_machine
  choose_sandbox unpack_sandbox
  open_root
  if [ "$KERNEL" = source ]; then
    stage tree
    make_tree
    upload_tree
  fi
  stage unpack
  unpack_inputs
  read_lost
  stage compile
  compile_probe
  stage collect
  collect_probe
  stage upload
  upload_probe
  stage 'done'
}

mkdir "$WORK"
# On disk, 10,000 headers take ten times as long. If mounting is forbidden, /tmp is in memory already.
mount -t tmpfs -o mode=755 probe-build "$WORK" 2>/dev/null || true
mkdir "$WORK/inputs" "$WORK/tree"
# Another user unpacks here (sandbox.sh); each machine builds only one probe.
mkdir -m 777 "$WORK/kernel" "$WORK/driver"
stage fetch
read_job /job
PROBE="$DRIVER_NAME $DRIVER_VERSION $KIND for $UNAME_RELEASE ($ARCH)"
follow_log
flow 2>&1 </dev/null | keep_ends | tee "$WORK/log"
stop_following
publish_report
exit "$(cat "$WORK/status")"
