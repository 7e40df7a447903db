# Bounded GET and PUT of presigned URLs.
# shellcheck shell=sh

# Where a machine keeps its builds from any network, the store is this socket.
STORE=/run/store.sock

# request URL CURL-OPTION...: the URL is a secret, so curl reads it from stdin (a command line is for every
# process to see) and says nothing itself (its messages can repeat it).
request() {
  url=$1
  shift
  case $url in
    *[\"\\]*) return 3 ;;
    http://* | https://*) ;;
    *) return 3 ;;
  esac
  [ ! -S "$STORE" ] || set -- --unix-socket "$STORE" "$@"
  printf 'url = "%s"\n' "$url" | curl --disable --config - --globoff --silent --fail --proto =http,https \
    --connect-timeout 10 --speed-time 20 --speed-limit 1000 --retry 4 --retry-connrefused --retry-max-time 60 "$@"
}

# get URL FILE BYTES SHA256: FILE appears only when its digest is right.
get() {
  (
    # A server that gives no length is cut off here: --max-filesize does not see it.
    ulimit -f $(($3 / 512 + 1))
    request "$1" --max-time 180 --max-filesize "$3" --output "$2.part"
  ) || return
  printf '%s  %s\n' "$4" "$2.part" | sha256sum --check --status || return 100
  mv "$2.part" "$2"
}

# put URL FILE: in the place of what was there.
put() {
  request "$1" --max-time 60 --upload-file "$2" --output /dev/null
}

# put_once URL FILE: what is there stays, by the store's own rule. It is what an earlier try of this build has stored,
# whose answer was lost: nobody else has the URL. With 409 the store says that another request for it was under way, and asks
# to try again (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html), which curl does not do.
put_once() {
  for _ in 1 2 3 4 5; do
    status=0
    answer=$(request "$1" --max-time 60 --upload-file "$2" --output /dev/null \
      --header 'If-None-Match: *' --write-out '%{http_code}') || status=$?
    [ "$answer" != 412 ] || return 0
    [ "$answer" = 409 ] || return "$status"
    sleep 1
  done
  return "$status"
}

# why STATUS: what a status of `get` or `put` means.
why() {
  case $1 in
    3) echo 'its URL is not one' ;;
    6 | 7) echo "its server cannot be reached (curl $1)" ;;
    22) echo 'its server refused (curl 22): is the presigned URL older than its time, or the object gone?' ;;
    28) echo 'its server was too slow (curl 28)' ;;
    63 | 153) echo 'it is larger than the job says' ;;
    100) echo 'it does not have the sha256 that the job says' ;;
    *) echo "curl ended with $1" ;;
  esac
}
