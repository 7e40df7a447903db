# Everything that touches the insides of an input runs in here: no network, no process, file or variable of
# the outside, and nothing to write to but what the caller binds.
# shellcheck shell=sh

# An id that nobody has: a root that got out of a sandbox would be root.
NOBODY='setpriv --reuid 64055 --regid 64055 --clear-groups --no-new-privs'

# sandbox BWRAP-OPTION... COMMAND...
sandbox() {
  # $DROP and $FORM are lists of words.
  # shellcheck disable=SC2086
  $DROP timeout --kill-after 5 "$COMPILE_SECONDS" bwrap \
    --unshare-all --die-with-parent --new-session --cap-drop ALL --hostname build --clearenv \
    --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin \
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind-try /etc/alternatives /etc/alternatives \
    $FORM --dev /dev --size 268435456 --tmpfs /tmp --ro-bind "$STEPS" /steps \
    --dir /inputs --dir /kernel --dir /driver --dir /build --remount-ro / \
    --setenv PATH /usr/bin:/usr/sbin --setenv HOME /tmp --setenv LC_ALL C --setenv TZ UTC \
    "$@"
}

# The forms, best first: as nobody; as the user that this is; with the /proc of a sandbox around this one, where
# the kernel grants no other; and the same for a root in whose kernel there are no user namespaces.
choose_sandbox() {
  shut='--unshare-user --disable-userns'
  works "$NOBODY" "$shut --proc /proc" || works '' "$shut --proc /proc" ||
    works '' "$shut --ro-bind /proc /proc" ||
    works '' '--proc /proc' || works '' '--ro-bind /proc /proc' || {
    cat "$WORK/refusals"
    fail 'bubblewrap can make no sandbox here (its reasons are above); does the project run privileged?'
  }
}

# works DROP FORM: tried with the binds that unpacking uses.
works() {
  DROP=$1
  FORM=$2
  unpack_sandbox true 2>>"$WORK/refusals"
}

unpack_sandbox() {
  sandbox --ro-bind "$WORK/inputs" /inputs --bind "$WORK/kernel" /kernel --bind "$WORK/driver" /driver "$@"
}

unpack_inputs() {
  unpack_sandbox sh -eu /steps/unpack.sh || fail 'an input is no archive of its kind'
  [ -d "$WORK/kernel/$TREE" ] || fail "the header packages hold no $TREE"
}

# The build folder is in memory and ends with the sandbox: the one thing that leaves it is what is written to
# file descriptor 3, so there is no link to follow.
compile_probe() {
  status=0
  sandbox --ro-bind "$WORK/kernel" /kernel --ro-bind "$WORK/driver" /driver \
    --size 1073741824 --tmpfs /build --chdir /build \
    --setenv KIND "$KIND" --setenv RECIPE "$RECIPE" --setenv TREE "$TREE" --setenv CC "$COMPILER" \
    --setenv DRIVER_NAME "$DRIVER_NAME" --setenv DRIVER_VERSION "$DRIVER_VERSION" \
    --setenv CLANG "$CLANG" --setenv LLC "$LLC" --setenv STRIP "$STRIP" \
    sh -eu /steps/compile.sh 3>"$WORK/probe" || status=$?
  case $status in
    0) ;;
    124 | 137) fail "compiling did not end within $COMPILE_SECONDS seconds, or was killed for its memory" ;;
    *) fail "it does not compile with $COMPILER; the lines above say why" ;;
  esac
}

collect_probe() {
  bytes=$(stat -c %s "$WORK/probe")
  [ "$bytes" -gt 0 ] || fail 'compiling left no probe that is a regular file'
  [ "$bytes" -le "$MAX_PROBE_BYTES" ] || fail "the probe has $bytes bytes; $MAX_PROBE_BYTES are allowed"
  say "the probe: $bytes bytes, sha256 $(sha256sum <"$WORK/probe" | cut -c 1-64)"
}

upload_probe() {
  put "$PUT_PROBE" "$WORK/probe" || fail "the probe was not stored: $(why $?)"
}
