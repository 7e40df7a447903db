# Derives the verdict from the console.
# shellcheck shell=sh

MAX_LINES=12

# told WHAT: the text after WHAT in the test's first such line.
told() {
  sed -n "s/^$NONCE $1 //p" "$WORK/lines" | head -n 1
}

# judge: without a `ready` of the right kernel first, no output counts.
judge() {
  [ -n "$(told ready)" ] || fail "the kernel's image did not boot: $(machine_end)"
  [ "$(told ready)" = "$UNAME_RELEASE" ] || fail "the image is of another kernel: $(told ready)"
  [ -z "$(told unjudged)" ] || fail "$(told unjudged)"
  told_lines >"$WORK/telling"
  sed -n "s/^$NONCE ok \([a-z]*\)$/\1/p" "$WORK/lines" | head -n 16 >"$WORK/checked"
  seen=$(captured)
  if [ -n "$(told end)" ]; then
    verdict passed "it loads$seen"
  elif [ -n "$(told refused)" ]; then
    verdict failed "$(told refused)"
  else
    verdict failed "it is the end of its kernel: $(machine_end)"
  fi
}

# The reader's last line: `events 512 buffers 1 api 8.0.4`, or why it read none.
captured() {
  if [ -n "$(told untried)" ]; then
    printf ',"capture":{"untried":%s}' "$(told untried | json_strings)" >"$WORK/capture"
    echo "; capturing was not tried: $(told untried)"
  elif [ -n "$(told saw)" ]; then
    told saw | sed 's/\([a-z]\{1,\}\) \([0-9.]*\) */"\1":\2,/g; s/"api":\(.*\),/"api":"\1"/; s/.*/,"capture":{&}/' \
      >"$WORK/capture"
    told saw | sed 's/^events \([0-9]*\) .*/ and captures: \1 events/'
  fi
}

machine_end() {
  case $MACHINE in
    0) echo 'the machine ended by itself' ;;
    124 | 137) echo "the machine was still running after $MAX_SECONDS seconds" ;;
    *) echo "the machine was ended, with exit code $MACHINE" ;;
  esac
}

# verdict VERDICT REASON
verdict() {
  say "$2" >"$WORK/reason"
  say "$1" >"$WORK/verdict"
}

# Output of kernel and tools while the probe was loaded: first and last lines, without times.
told_lines() {
  sed "0,/^$NONCE ready /d; /^$NONCE \(end\|refused\) /,\$d; s/^$NONCE says //; /^$NONCE /d" "$WORK/lines" |
    sed '/^\(tsc\|clocksource\|hrtimer\): /d' >"$WORK/all"
  if [ "$(wc -l <"$WORK/all")" -le $MAX_LINES ]; then
    cat "$WORK/all"
  else
    head -n $((MAX_LINES - 4)) "$WORK/all"
    tail -n 4 "$WORK/all"
  fi
}

# conclude STATUS: the log's last line. Without a verdict, it is `unavailable`.
conclude() {
  echo "$1" >"$WORK/status"
  if [ "$1" -ne 0 ]; then
    end_stage
    verdict unavailable "$(cat "$WORK/reason" 2>/dev/null || echo "the test ended unexpectedly, with exit code $1")"
  fi
  say "$(cat "$WORK/verdict"): $PROBE: $(cat "$WORK/reason")"
}

# manifest: JSON (lib/build/verdict.ts).
manifest() {
  touch "$WORK/stored" "$WORK/capture"
  read -r name _ <"$WORK/stage"
  timings=$(sed 's/\(.*\) \(.*\)/"\1":\2/' "$WORK/timings" | paste -s -d , -)
  printf '{"verdict":"%s","stage":"%s","reason":%s,"checked":[%s],"lines":[%s],"timings":{%s}%s%s}\n' \
    "$(cat "$WORK/verdict")" "$name" "$(head -n 1 "$WORK/reason" | json_strings)" \
    "$(json_of "$WORK/checked")" "$(json_of "$WORK/telling")" "$timings" \
    "$(cat "$WORK/stored")" "$(cat "$WORK/capture")"
}

json_of() {
  [ ! -f "$1" ] || json_strings <"$1"
}

json_strings() {
  cut -c 1-240 | sed 's/[\\"]/\\&/g; s/.*/"&"/' | paste -s -d , -
}
