# Runs everything that reads the contents of an input: no network, no process, descriptor, file or variable of the outside,
# and only the caller's binds are writable.
# shellcheck shell=sh

# An id that nobody has: root could escape a sandbox as root.
NOBODY='setpriv --reuid 64055 --regid 64055 --clear-groups --no-new-privs'

# The sandbox sees bubblewrap's variables in /proc/1/environ, and inherits open files. So bubblewrap starts without
# variables, and with descriptors 0 to 4. In bash: dash closes none above 9.
# shellcheck disable=SC2016
ALONE='open=$(ls /proc/$$/fd) || exit
for fd in $open; do [ "$fd" -le 4 ] || eval "exec $fd>&-"; done
exec env -i PATH="$PATH" "$@"'

# Folder whose programs run in it; empty: the machine's.
FROM=''

# sandbox BWRAP-OPTION... COMMAND...
sandbox() {
  # $DROP and $FORM are lists of words.
  # shellcheck disable=SC2086
  bash -c "$ALONE" alone $DROP timeout --kill-after 5 "$SANDBOX_SECONDS" bwrap \
    --unshare-all --die-with-parent --new-session --cap-drop ALL --seccomp 4 --hostname build --clearenv \
    --ro-bind "$FROM/usr" /usr --symlink usr/bin /bin --symlink usr/sbin /sbin \
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind-try "$FROM/etc/alternatives" /etc/alternatives \
    $FORM --dev /dev --size 268435456 --tmpfs /tmp --ro-bind "$STEPS" /steps \
    --dir /inputs --dir /kernel --dir /driver --dir /build --remount-ro / \
    --setenv PATH /usr/bin:/usr/sbin --setenv HOME /tmp --setenv LC_ALL C --setenv TZ UTC \
    "$@" 4<"$WORK/filter"
}

# choose_sandbox TRIAL: tries the forms, best first: as nobody; as this user; without /proc, if an outer sandbox prevents a
# new one; and both again without user namespaces, for root.
choose_sandbox() {
  TRIAL=$1
  filter_calls >"$WORK/filter"
  shut='--unshare-user --disable-userns'
  works "$NOBODY" "$shut --proc /proc" || works '' "$shut --proc /proc" ||
    works '' "$shut" || works '' '--proc /proc' || works '' '' || {
    cat "$WORK/refusals"
    fail 'bubblewrap can make no sandbox here (its reasons are above); does the project run privileged?'
  }
}

# works DROP FORM: runs TRIAL, a function like `sandbox`.
works() {
  DROP=$1
  FORM=$2
  "$TRIAL" true 2>>"$WORK/refusals"
}
