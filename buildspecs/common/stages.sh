# Prints the stages of a run, with their seconds.
# shellcheck shell=sh

say() {
  printf '%s\n' "$*"
}

# fail REASON: ends the build; `conclude` says why.
fail() {
  printf '%s\n' "$*" >"$WORK/reason"
  exit 1
}

# all_of PID...: waits for all; false if one failed.
all_of() {
  failed=0
  for pid; do wait "$pid" || failed=1; done
  return "$failed"
}

milliseconds() {
  echo $(($(date +%s%N) / 1000000))
}

# The stage is a file: the flow runs in a subshell, the manifest is written outside of it.
stage() {
  end_stage
  printf '%s %s\n' "$1" "$(milliseconds)" >"$WORK/stage"
  [ "$1" = 'done' ] || say "== $1"
}

end_stage() {
  [ -e "$WORK/stage" ] || return 0
  read -r name began <"$WORK/stage"
  took=$(($(milliseconds) - began))
  seconds=$(printf '%d.%03d' $((took / 1000)) $((took % 1000)))
  printf '%s %s\n' "$name" "$seconds" >>"$WORK/timings"
  say "== $name took $seconds s"
}
