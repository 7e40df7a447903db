#!/bin/sh
# The build of one probe, from the job document to the uploaded probe, log and manifest.
#
# Environment: JOB_URL (presigned GET of the job document), JOB_SHA256, STEPS (the folder of this file).
# Exits 0 only when the probe was uploaded.
set -eu
umask 022
export LC_ALL=C
STEPS=${STEPS:-/tmp/steps}
WORK=/tmp/probe-build

# shellcheck source-path=SCRIPTDIR source=report.sh
. "$STEPS/report.sh"
# shellcheck source-path=SCRIPTDIR source=manifest.sh
. "$STEPS/manifest.sh"
# shellcheck source-path=SCRIPTDIR source=transfer.sh
. "$STEPS/transfer.sh"
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$STEPS/job.sh"
# shellcheck source-path=SCRIPTDIR source=probe-job.sh
. "$STEPS/probe-job.sh"
# shellcheck source-path=SCRIPTDIR source=tools.sh
. "$STEPS/tools.sh"
# shellcheck source-path=SCRIPTDIR source=install.sh
. "$STEPS/install.sh"
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$STEPS/fetch.sh"
# shellcheck source-path=SCRIPTDIR source=sandbox.sh
. "$STEPS/sandbox.sh"
# shellcheck source-path=SCRIPTDIR source=compiling.sh
. "$STEPS/compiling.sh"
# shellcheck source-path=SCRIPTDIR source=log.sh
. "$STEPS/log.sh"

flow() {
  trap 'conclude $?' EXIT
  say "$PROBE"
  fetch_inputs
  stage prepare
  prepare_tools
  choose_sandbox unpack_sandbox
  if [ "$KERNEL" = source ]; then
    stage tree
    make_tree
    upload_tree
  fi
  stage unpack
  unpack_inputs
  stage compile
  compile_probe
  stage collect
  collect_probe
  stage upload
  upload_probe
  stage 'done'
}

mkdir "$WORK"
# Ten thousand header files take ten times as long on a disk. A machine that may not mount has a /tmp in memory.
mount -t tmpfs -o mode=755 probe-build "$WORK" 2>/dev/null || true
mkdir "$WORK/inputs" "$WORK/tree"
# Another user unpacks into these (sandbox.sh); nobody else is on a machine that builds one probe.
mkdir -m 777 "$WORK/kernel" "$WORK/driver"
stage fetch
fetch_job
PROBE="$DRIVER_NAME $DRIVER_VERSION $KIND for $UNAME_RELEASE ($ARCH)"
follow_log
flow 2>&1 </dev/null | keep_ends | tee "$WORK/log"
stop_following
publish_report
exit "$(cat "$WORK/status")"
