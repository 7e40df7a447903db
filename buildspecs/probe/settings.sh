# Checks and sets the settings of a probe's job.
# shellcheck shell=sh

# Unset ones end the build.
check_job() {
  : "$KIND $ARCH $DRIVER_NAME $DRIVER_VERSION $UNAME_RELEASE $RECIPE $KERNEL $TREE $ROOT $COMPILER $CROSS $CLANG"
  : "$MAX_PROBE_BYTES $COMPILE_SECONDS $PUT_PROBE $PUT_LOG $PUT_MANIFEST ${PUT_PREPARED:=}"
  # shellcheck disable=SC2034 # sandbox.sh
  SANDBOX_SECONDS=$COMPILE_SECONDS
}

# set_setting NAME VALUE: only names of lib/build/job.ts, only values that need no quoting.
set_setting() {
  case $2 in
    '' | *[!A-Za-z0-9.+~_/-]* | -?* | /* | *..*) malformed "setting $1" ;;
  esac
  case $1=$2 in
    KIND=kmod | KIND=ebpf | RECIPE=makefile | RECIPE=libs) ;;
    KERNEL=headers | KERNEL=source | KERNEL=prepared) ;;
    MAX_PROBE_BYTES=*[!0-9]* | COMPILE_SECONDS=*[!0-9]*) malformed "setting $1" ;;
    ROOT=*[!0-9a-f]* | CLANG=*/* | COMPILER=*/* | CROSS=*/* | DRIVER_NAME=*/* | DRIVER_VERSION=*/*) malformed "setting $1" ;;
    ARCH=* | DRIVER_NAME=* | DRIVER_VERSION=* | UNAME_RELEASE=* | TREE=* | ROOT=* | COMPILER=* | CROSS=* | CLANG=*) ;;
    MAX_PROBE_BYTES=* | COMPILE_SECONDS=*) ;;
    *) malformed "setting $1" ;;
  esac
  eval "$1=\$2"
}

set_output() {
  case $1 in
    probe) PUT_PROBE=$2 ;;
    log) PUT_LOG=$2 ;;
    manifest) PUT_MANIFEST=$2 ;;
    prepared) PUT_PREPARED=$2 ;;
    *) malformed "output $1" ;;
  esac
}
