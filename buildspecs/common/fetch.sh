# Fetches all inputs at once. Nothing reads one before its digest is checked.
# shellcheck shell=sh

fetch_inputs() {
  number=0
  pids=
  while IFS=$TAB read -r role format sha256 bytes url; do
    number=$((number + 1))
    [ "$role" != steps ] || continue
    [ "$role" != root ] || [ ! -d "/roots/$ROOT" ] || continue
    fetch_input "$role-$number.$format" "$sha256" "$bytes" "$url" &
    pids="$pids $!"
  done <"$WORK/gets"
  # shellcheck disable=SC2086
  all_of $pids
}

# fetch_input NAME SHA256 BYTES URL: later stages know the input by NAME, e.g. `header-1.deb`.
fetch_input() {
  case $1-$2-$3 in
    *[!a-z0-9.-]*) fail 'an input of the job document is malformed' ;;
  esac
  status=0
  get "$4" "$WORK/inputs/$1" "$3" "$2" || status=$?
  [ "$status" -eq 0 ] || fail "input $1 (sha256 $2, $3 bytes) was not read: $(why "$status")"
  say "$1: $3 bytes, sha256 $2"
}
