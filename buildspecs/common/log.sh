# Stores the log while the build runs, and bounds its size.
# shellcheck shell=sh

# keep_ends: passes on the first 3 MiB, and the last 1 MiB of the rest.
keep_ends() {
  stdbuf -o0 head -c 3145728
  tail -c 1048576 >"$WORK/tail"
  [ -s "$WORK/tail" ] || return 0
  printf '\n== a long log: of the rest, only the last MiB is kept\n'
  cat "$WORK/tail"
}

# Stores the log every 3 seconds if it has grown, in the background.
follow_log() {
  : >"$WORK/log"
  follow >/dev/null 2>&1 </dev/null &
  FOLLOWER=$!
}

follow() {
  trap 'kill "$nap" 2>/dev/null; exit 0' TERM
  stored=0
  while :; do
    sleep 3 &
    nap=$!
    wait "$nap"
    cp "$WORK/log" "$WORK/log.now"
    size=$(stat -c %s "$WORK/log.now")
    [ "$size" -ne "$stored" ] || continue
    if put "$PUT_LOG" "$WORK/log.now"; then stored=$size; fi
  done
}

# Waits for a running upload: it must not replace the complete log.
stop_following() {
  kill "$FOLLOWER"
  wait "$FOLLOWER" || true
}

# The manifest is last: it means that all is there.
publish_report() {
  put "$PUT_LOG" "$WORK/log" || say "the log was not stored: $(why $?)"
  manifest >"$WORK/manifest"
  put_once "$PUT_MANIFEST" "$WORK/manifest" || say "the manifest was not stored: $(why $?)"
}
