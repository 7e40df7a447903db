# Blocks system calls that no namespace isolates and no build needs, in every sandbox: a classic BPF program for bubblewrap
# (Documentation/userspace-api/seccomp_filter.rst in the kernel's source).
# shellcheck shell=sh

# syslog, add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd, io_uring_*: numbers of each architecture. Sockets
# may only be unix, inet and inet6: vsock would reach the host of a virtual machine.
filter_calls() {
  case $(uname -m) in
    x86_64) architecture=0xc000003e socket=41 calls='103 248 249 250 298 321 323 425 426 427' ;;
    aarch64) architecture=0xc00000b7 socket=198 calls='116 217 218 219 241 280 282 425 426 427' ;;
  esac
  load 4
  unless_equal "$architecture" && answer "$ENOSYS"
  load 0
  # Numbers from here on are x32's: they repeat every call of x86_64.
  if_at_least 0x40000000 && answer "$ENOSYS"
  for call in $calls; do if_equal "$call" && answer "$ENOSYS"; done
  unless_equal "$socket" && answer "$ALLOWED"
  load 16
  for family in 1 2 10; do if_equal "$family" && answer "$ALLOWED"; done
  answer "$EAFNOSUPPORT"
}

ALLOWED=0x7fff0000
ENOSYS=0x50026
EAFNOSUPPORT=0x50061

# load OFFSET: a word of struct seccomp_data; each condition applies to the next instruction.
load() { instruction 0x20 0 0 "$1"; }
if_equal() { instruction 0x15 0 1 "$1"; }
unless_equal() { instruction 0x15 1 0 "$1"; }
if_at_least() { instruction 0x35 0 1 "$1"; }
answer() { instruction 0x06 0 0 "$1"; }

# instruction CODE JUMP-IF-TRUE JUMP-IF-FALSE OPERAND: a struct sock_filter, little-endian.
instruction() {
  # shellcheck disable=SC2059
  printf "$(printf '\\%03o' "$1" 0 "$2" "$3" $(($4 & 255)) $(($4 >> 8 & 255)) $(($4 >> 16 & 255)) $(($4 >> 24 & 255)))"
}
