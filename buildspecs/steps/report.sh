# What a build tells: its stages with their seconds, its last line, its manifest.
# shellcheck shell=sh

say() {
  printf '%s\n' "$*"
}

# fail REASON: ends the build; `conclude` says why.
fail() {
  printf '%s\n' "$*" >"$WORK/reason"
  exit 1
}

# all_of PID...: waits for every one; false when one failed.
all_of() {
  failed=0
  for pid; do wait "$pid" || failed=1; done
  return "$failed"
}

milliseconds() {
  echo $(($(date +%s%N) / 1000000))
}

# The stage that runs is a file: the flow runs in a subshell, and the manifest is written outside of it.
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

# conclude STATUS: the log's last line, whatever ended the flow.
conclude() {
  echo "$1" >"$WORK/status"
  if [ "$1" -eq 0 ]; then
    say "done: $PROBE"
    return
  fi
  end_stage
  reason=$(cat "$WORK/reason" 2>/dev/null || echo "it ended unexpectedly, with exit code $1; see the lines above")
  say "failed at $name: $PROBE: $reason"
}

# manifest: JSON of lib/report.ts. The compiler's version is the only text in it that is not ours.
manifest() {
  read -r name _ <"$WORK/stage"
  version=$(head -n 1 "$WORK/compiler" 2>/dev/null | tr -cd ' -~' | cut -c 1-200 | sed 's/[\\"]/\\&/g' || true)
  timings=$(sed 's/\(.*\) \(.*\)/"\1":\2/' "$WORK/timings" | paste -s -d , -)
  stored=$(cat "$WORK/stored" 2>/dev/null || true)
  printf '{"stage":"%s","compilerVersion":"%s","timings":{%s}%s}\n' "$name" "$version" "$timings" "$stored"
}
