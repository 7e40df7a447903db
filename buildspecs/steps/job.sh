# The job document (lib/job.ts): settings, inputs, outputs.
# shellcheck shell=sh

TAB=$(printf '\t')

# Checked against its digest before it is read; without it there is nowhere to report to.
fetch_job() {
  status=0
  (umask 077 && get "$JOB_URL" "$WORK/job" 1048576 "$JOB_SHA256") || status=$?
  unset JOB_URL
  if [ "$status" -ne 0 ]; then
    say "failed at fetch: the job document of ${PROBE_KEY:-this probe} was not read: $(why "$status")"
    exit 1
  fi
  read_job
}

read_job() {
  while IFS=$TAB read -r what name value rest; do
    case $what in
      set) set_setting "$name" "$value" ;;
      get) printf '%s\t%s\t%s\n' "$name" "$value" "$rest" >>"$WORK/gets" ;;
      put) set_output "$name" "$value" ;;
      *) malformed "line $what" ;;
    esac
  done <"$WORK/job"
  # Unset ones end the build here.
  : "$KIND $ARCH $DRIVER_NAME $DRIVER_VERSION $UNAME_RELEASE $RECIPE $KERNEL $TREE $COMPILER"
  : "$MAX_PROBE_BYTES $COMPILE_SECONDS $PUT_PROBE $PUT_LOG $PUT_MANIFEST ${PUT_PREPARED:=}"
}

# set_setting NAME VALUE: only names of lib/job.ts, only values that need no quoting anywhere.
set_setting() {
  case $2 in
    '' | *[!A-Za-z0-9.+~_/-]* | -?* | /* | *..*) malformed "setting $1" ;;
  esac
  case $1=$2 in
    KIND=kmod | KIND=ebpf | RECIPE=makefile | RECIPE=cmake) ;;
    KERNEL=headers | KERNEL=source | KERNEL=prepared) ;;
    MAX_PROBE_BYTES=*[!0-9]* | COMPILE_SECONDS=*[!0-9]*) malformed "setting $1" ;;
    COMPILER=*/* | DRIVER_NAME=*/* | DRIVER_VERSION=*/*) malformed "setting $1" ;;
    ARCH=* | DRIVER_NAME=* | DRIVER_VERSION=* | UNAME_RELEASE=* | TREE=* | COMPILER=*) ;;
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

malformed() {
  say "failed at fetch: the job document has an unknown or malformed $1; do the stack and its buildspec belong together?"
  exit 1
}
