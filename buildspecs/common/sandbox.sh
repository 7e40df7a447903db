# Everything that touches the insides of an input runs in here: no network, no process, descriptor, file or variable
# of the outside, and nothing to write to but what the caller binds.
# shellcheck shell=sh

# An id that nobody has: a root that got out of a sandbox would be root.
NOBODY='setpriv --reuid 64055 --regid 64055 --clear-groups --no-new-privs'

# What bubblewrap was started with can be read in the sandbox as /proc/1/environ, and what is open here stays open in
# there: so it is started with no variable, and with descriptors 0 to 4 alone. In bash, as dash closes none above 9.
# shellcheck disable=SC2016
ALONE='open=$(ls /proc/$$/fd) || exit
for fd in $open; do [ "$fd" -le 4 ] || eval "exec $fd>&-"; done
exec env -i PATH="$PATH" "$@"'

# Whose programs run in it: the machine's, or those of a root in that folder.
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

# choose_sandbox TRIAL: the forms, best first: as nobody; as the user that this is; without a /proc, where the kernel
# grants none but that of a sandbox around this one; and the same for a root in whose kernel there are no user namespaces.
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

# works DROP FORM: tried with the binds of TRIAL, a function like `sandbox`.
works() {
  DROP=$1
  FORM=$2
  "$TRIAL" true 2>>"$WORK/refusals"
}
