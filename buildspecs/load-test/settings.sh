# Checks and sets the settings of a load test's job.
# shellcheck shell=sh disable=SC2034 # what is set here is read by the others

# Unset ones end the test. IMAGE: the best image in the job, or empty.
check_job() {
  : "$KIND $ARCH $DRIVER_NAME $DRIVER_VERSION $UNAME_RELEASE $MAX_SECONDS $PUT_MANIFEST $PUT_LOG ${PUT_BOOT:=}"
  SANDBOX_SECONDS=$MAX_SECONDS
  cut -f 1 "$WORK/gets" >"$WORK/roles"
  grep -qx probe "$WORK/roles" || malformed 'list of inputs'
  IMAGE=$(grep -x 'boot\|kernel' "$WORK/roles" | sort | head -n 1)
}

# set_setting NAME VALUE: only names of lib/build/job.ts, only values that need no quoting.
set_setting() {
  case $2 in
    '' | *[!A-Za-z0-9.+~_-]* | -*) malformed "setting $1" ;;
  esac
  case $1=$2 in
    KIND=kmod | KIND=ebpf | ARCH=x86_64 | ARCH=aarch64) ;;
    MAX_SECONDS=*[!0-9]*) malformed "setting $1" ;;
    DRIVER_NAME=* | DRIVER_VERSION=* | UNAME_RELEASE=* | MAX_SECONDS=*) ;;
    *) malformed "setting $1" ;;
  esac
  eval "$1=\$2"
}

set_output() {
  case $1 in
    # log.sh uploads the manifest last.
    verdict) PUT_MANIFEST=$2 ;;
    log) PUT_LOG=$2 ;;
    boot) PUT_BOOT=$2 ;;
    *) malformed "output $1" ;;
  esac
}
