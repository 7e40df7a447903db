#!/bin/sh
# Enters the root of the steps, from an image that has sh, curl, tar, gzip and coreutils. Everything that runs later comes
# from signed packages. SCRIPT: what to run there, e.g. `probe/build.sh`.
#
# Environment: JOB_URL (presigned GET of the job document), JOB_SHA256, STEPS (the folder of all steps), STEPS_ROOT (the
# root's digest; the machine has the root in /roots/DIGEST, or it is fetched).
set -eu
exec 3>&-
umask 022
export LC_ALL=C
STEPS=${STEPS:-/tmp/steps}
WORK=/tmp/entered

# shellcheck source-path=SCRIPTDIR source=transfer.sh
. "$STEPS/common/transfer.sh"
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$STEPS/common/job.sh"

say() {
  printf '%s\n' "$*"
}

# stop REASON: stored as the log, if the job has a place for one: the steps that write it do not run.
stop() {
  say "failed at enter: ${PROBE_KEY:-this probe}: $*" | tee "$WORK/log"
  while IFS=$TAB read -r what name url _; do
    [ "$what $name" != 'put log' ] || put "$url" "$WORK/log" || say "the log was not stored: $(why $?)"
  done <"$WORK/job"
  exit 1
}

# open_root: sets ROOT_FOLDER.
open_root() {
  ROOT_FOLDER=/roots/$STEPS_ROOT
  [ ! -d "$ROOT_FOLDER" ] || return 0
  ROOT_FOLDER=$WORK/root
  mkdir "$ROOT_FOLDER"
  status=100
  while IFS=$TAB read -r what role _ sha256 bytes url; do
    [ "$what $role" = 'get steps' ] || continue
    status=0
    get "$url" "$WORK/root.tar.gz" "$bytes" "$sha256" || status=$?
  done <"$WORK/job"
  [ "$status" -eq 0 ] || stop "the root of the steps was not read: $(why "$status")"
  tar -xz -C "$ROOT_FOLDER" -f "$WORK/root.tar.gz" ||
    stop "the root of the steps was not unpacked: is there room for it in /tmp?"
  rm "$WORK/root.tar.gz"
}

# enter COMMAND...: with the root's own bubblewrap and loader, so nothing of the image runs any more. /tmp is on disk: it
# must hold a compiler's root. /proc is bound, not mounted: if parts are covered, no inner sandbox could mount its own.
# Without --dir, parents of its mounts are private.
enter() {
  libraries=$ROOT_FOLDER/usr/lib/$(uname -m)-linux-gnu
  case $(uname -m) in
    x86_64) loader=$libraries/ld-linux-x86-64.so.2 ;;
    aarch64) loader=$libraries/ld-linux-aarch64.so.1 ;;
    *) stop "this builder is $(uname -m)" ;;
  esac
  caps=
  [ "$(id -u)" -ne 0 ] || caps='--cap-add ALL'
  # $caps is a list of words.
  # shellcheck disable=SC2086
  exec "$loader" --inhibit-cache --library-path "$libraries" "$ROOT_FOLDER/usr/bin/bwrap" --die-with-parent $caps \
    --ro-bind "$ROOT_FOLDER/usr" /usr --symlink usr/bin /bin --symlink usr/sbin /sbin \
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --dir /etc --dir /run \
    --ro-bind-try "$ROOT_FOLDER/etc/alternatives" /etc/alternatives \
    --ro-bind-try /etc/resolv.conf /etc/resolv.conf --ro-bind-try /etc/hosts /etc/hosts \
    --dev /dev --bind /proc /proc --bind "$WORK/tmp" /tmp --ro-bind "$STEPS" /steps --ro-bind "$WORK/job" /job \
    --ro-bind-try /roots /roots --ro-bind-try "$STORE" "$STORE" --chdir /tmp --clearenv \
    --setenv PATH /usr/bin:/usr/sbin --setenv LC_ALL C --setenv STEPS /steps --setenv PROBE_KEY "${PROBE_KEY:-}" \
    --setenv CURL_CA_BUNDLE /tmp/authorities "$@"
}

mkdir "$WORK" "$WORK/tmp"
chmod 1777 "$WORK/tmp"
fetch_job "$WORK/job"
open_root
# The file that update-ca-certificates would make.
cat "$ROOT_FOLDER"/usr/share/ca-certificates/mozilla/*.crt >"$WORK/tmp/authorities"
enter sh "/steps/$1"
