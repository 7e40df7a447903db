# Reads the job document (lib/build/job.ts): settings, inputs, outputs. Each flow defines check_job, set_setting,
# set_output.
# shellcheck shell=sh

TAB=$(printf '\t')

# fetch_job FILE: checks the digest first; without a job no report is possible.
fetch_job() {
  status=0
  (umask 077 && get "$JOB_URL" "$1" 1048576 "$JOB_SHA256") || status=$?
  unset JOB_URL
  if [ "$status" -ne 0 ]; then
    say "failed at fetch: the job document of ${PROBE_KEY:-this probe} was not read: $(why "$status")"
    exit 1
  fi
}

# read_job FILE
read_job() {
  while IFS=$TAB read -r what name value rest; do
    case $what in
      set) set_setting "$name" "$value" ;;
      get) printf '%s\t%s\t%s\n' "$name" "$value" "$rest" >>"$WORK/gets" ;;
      put) set_output "$name" "$value" ;;
      *) malformed "line $what" ;;
    esac
  done <"$1"
  check_job
}

malformed() {
  say "failed at fetch: the job document has an unknown or malformed $1; do the stack and its buildspec belong together?"
  exit 1
}
