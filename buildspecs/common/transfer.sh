# Bounded GET and PUT of presigned URLs.
# shellcheck shell=sh

# The store's socket, on machines whose builds have no network.
STORE=/run/store.sock

# request URL CURL-OPTION...: the URL is a secret, so curl reads it from stdin (every process sees command lines) and prints
# nothing (messages may contain it).
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

# get URL FILE BYTES SHA256: FILE exists only if its digest is right.
get() {
  (
    # Stops a response without a length: --max-filesize cannot.
    ulimit -f $(($3 / 512 + 1))
    request "$1" --max-time 180 --max-filesize "$3" --output "$2.part"
  ) || return
  printf '%s  %s\n' "$4" "$2.part" | sha256sum --check --status || return 100
  mv "$2.part" "$2"
}

# put URL FILE: replaces the object.
put() {
  request "$1" --max-time 60 --upload-file "$2" --output /dev/null
}

# put_once URL FILE: never replaces; the store checks that. An existing object is from an earlier try whose answer was lost:
# nobody else has the URL. 409 means that another request was in progress. The store asks to retry
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html), which curl does not do.
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

# why STATUS: explains a status of `get` or `put`.
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
