# Writes the build's last log line and its manifest.
# shellcheck shell=sh

# conclude STATUS: the log's last line, in every case.
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

# manifest: JSON for lib/build/report.ts. Only the compiler's version is text that is not ours.
manifest() {
  read -r name _ <"$WORK/stage"
  version=$(head -n 1 "$WORK/compiler" 2>/dev/null | tr -cd ' -~' | cut -c 1-200 | sed 's/[\\"]/\\&/g' || true)
  timings=$(sed 's/\(.*\) \(.*\)/"\1":\2/' "$WORK/timings" | paste -s -d , -)
  stored=$(cat "$WORK/stored" 2>/dev/null || true)
  lost=$([ ! -e "$WORK/lost" ] || sed 's/.*/"&"/' "$WORK/lost" | paste -s -d , -)
  [ ! -e "$WORK/lost" ] || lost=",\"lost\":[$lost]"
  cause=$(sed 's/.*/,"cause":"&"/' "$WORK/cause" 2>/dev/null || true)
  printf '{"stage":"%s","compilerVersion":"%s","timings":{%s}%s%s%s}\n' \
    "$name" "$version" "$timings" "$stored" "$lost" "$cause"
}
