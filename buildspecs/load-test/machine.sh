# In the sandbox: the machine, its console on standard output.
# shellcheck shell=sh disable=SC3045

# Of the console a megabyte is kept (blocks of 512 bytes); KiB of memory.
ulimit -c 0
ulimit -f 2048
ulimit -v 4194304

# The verifier's work takes half the time on a processor of few features; a module meets all of them but one: with LPA2,
# which hardly a host has, no driver's ring can be read on arm64 from 6.12 on (its pages are mapped as PAGE_SHARED, whose
# bits are of an address there).
case $ARCH-$KIND in
  x86_64-ebpf) set -- "$1" ttyS0 -M q35 -cpu qemu64 ;;
  x86_64-kmod) set -- "$1" ttyS0 -M q35 -cpu max ;;
  aarch64-*) set -- "$1" ttyAMA0 -M virt -cpu max,pauth-impdef=on,lpa2=off ;;
esac
image=$1
console=$2
shift 2
# Emulated, since a machine that is one itself often cannot make another. Whatever goes wrong ends the machine: it
# never reboots. A stalled RCU is no news: it would hold up the panic of the lockup that stalls it.
exec "qemu-system-$ARCH" -accel tcg,tb-size=64 "$@" -m 384 -nodefaults -no-user-config -display none -nic none \
  -no-reboot -serial stdio -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \
  -kernel "/kernel/$image" -initrd /kernel/initramfs \
  -append "console=$console quiet printk.devkmsg=on panic=-1 oops=panic softlockup_panic=1 \
  rcupdate.rcu_cpu_stall_suppress=1" </dev/null
