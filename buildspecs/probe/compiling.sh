# Runs the sandboxed parts of a probe's build.
# shellcheck shell=sh

unpack_sandbox() {
  sandbox --ro-bind "$WORK/inputs" /inputs --bind "$WORK/kernel" /kernel --bind "$WORK/driver" /driver \
    --setenv TREE "$TREE" "$@"
}

unpack_inputs() {
  unpack_sandbox sh -eu /steps/probe/sandbox/unpack.sh || fail 'an input is not an archive of its kind'
  take prepared tar.gz prepared.tar.gz
  take symvers text Module.symvers
  [ "$KERNEL" != headers ] || [ -d "$WORK/kernel/$TREE" ] || fail "the header packages hold no $TREE"
}

# take ROLE FORMAT NAME: binds that input as /inputs/NAME.
take() {
  for input in "$WORK/inputs/$1"-*."$2"; do
    [ ! -f "$input" ] || mv "$input" "$WORK/tree/$3"
  done
}

# The build folder is in memory and ends with the sandbox. Output leaves only through file descriptor 3, so no link is ever
# followed.
building() {
  FROM=$COMPILER_ROOT sandbox --size 1073741824 --tmpfs /build --chdir /build \
    --setenv CC "$COMPILER" --setenv CROSS "${CROSS#-}" --setenv ARCH "$ARCH" "$@"
}

make_tree() {
  status=0
  build_tree submitted >"$WORK/tree/prepared.tar.gz" || status=$?
  ended "$status" 'build_tree default' "this source and this config make no kernel tree with $COMPILER"
  TREE_BYTES=$(stat -c %s "$WORK/tree/prepared.tar.gz")
  TREE_SHA256=$(sha256sum <"$WORK/tree/prepared.tar.gz" | cut -c 1-64)
  say "the kernel tree: $TREE_BYTES bytes, sha256 $TREE_SHA256"
}

# build_tree CONFIG: `submitted`, or the source's `default`.
build_tree() {
  building --ro-bind "$WORK/inputs" /inputs --setenv UNAME_RELEASE "$UNAME_RELEASE" \
    --setenv CONFIG "$1" sh -eu /steps/probe/sandbox/tree.sh 3>&1 >&2
}

# Options of the config that the tree dropped, as its builder printed them. That text is hostile: only lines of that form
# are kept.
read_lost() {
  [ "$KERNEL" != headers ] || return 0
  building --ro-bind "$WORK/tree" /inputs sh -c 'tar -xzOf /inputs/prepared.tar.gz lost-options >&3' 3>&1 >/dev/null |
    head -c 65536 >"$WORK/told" || return 0
  grep -xE 'CONFIG_[A-Za-z0-9_]{1,100} [a-z0-9-]{1,20} [a-z0-9-]{1,20}' "$WORK/told" | head -n 64 >"$WORK/lost" || true
}

compile_probe() {
  status=0
  compile "$RECIPE" "$DRIVER_NAME" >"$WORK/probe" || status=$?
  ended "$status" 'compile control control' "it does not compile with $COMPILER"
}

# compile RECIPE NAME
compile() {
  building --ro-bind "$WORK/kernel" /kernel --ro-bind "$WORK/driver" /driver --ro-bind "$WORK/tree" /inputs \
    --setenv KIND "$KIND" --setenv RECIPE "$1" --setenv KERNEL "$KERNEL" --setenv TREE "$TREE" \
    --setenv DRIVER_NAME "$2" --setenv DRIVER_VERSION "$DRIVER_VERSION" \
    --setenv CLANG "$CLANG" --setenv LLC "$LLC" --setenv STRIP "$STRIP" \
    sh -eu /steps/probe/sandbox/compile.sh 3>&1 >&2
}

# ended STATUS CONTROL REASON: CONTROL runs the same with known good inputs.
ended() {
  case $1 in
    0) ;;
    124) fail_by time "compiling did not end within $COMPILE_SECONDS seconds" ;;
    137) fail_by tools 'compiling was killed; was there too little memory?' ;;
    *) blame "$2" "$3" ;;
  esac
}

# blame CONTROL REASON: if CONTROL fails too, tools or kernel files are to blame, else the sources.
blame() {
  say 'trying what is known to be good'
  # shellcheck disable=SC2034,SC2086 # sandbox.sh
  if (SANDBOX_SECONDS=120 && $1) >/dev/null 2>"$WORK/control"; then
    say 'it was made: the tools work'
    fail "$2; the lines above say why"
  fi
  head -c 65536 "$WORK/control"
  fail_by tools 'not even that was made: the tools are broken, or the kernel tree is; the lines above say why'
}

# fail_by CAUSE REASON
fail_by() {
  echo "$1" >"$WORK/cause"
  fail "$2"
}

collect_probe() {
  bytes=$(stat -c %s "$WORK/probe")
  [ "$bytes" -gt 0 ] || fail 'compiling left no probe that is a regular file'
  [ "$bytes" -le "$MAX_PROBE_BYTES" ] || fail "the probe has $bytes bytes; $MAX_PROBE_BYTES are allowed"
  say "the probe: $bytes bytes, sha256 $(sha256sum <"$WORK/probe" | cut -c 1-64)"
}

# The next driver version reuses the tree, even if this one does not compile.
upload_tree() {
  [ -n "$PUT_PREPARED" ] || return 0
  if put_once "$PUT_PREPARED" "$WORK/tree/prepared.tar.gz"; then
    printf ',"prepared":{"sha256":"%s","bytes":%s}' "$TREE_SHA256" "$TREE_BYTES" >"$WORK/stored"
  else
    say "the kernel tree was not stored: $(why $?)"
  fi
}

upload_probe() {
  put_once "$PUT_PROBE" "$WORK/probe" || fail "the probe was not stored: $(why $?)"
}
