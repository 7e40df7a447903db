# In the sandbox: runs the machine, console on stdout.
# shellcheck shell=sh disable=SC3045

# The console's limit is in blocks of 512 bytes, that of memory in KiB.
ulimit -c 0
ulimit -f 2048
ulimit -v 4194304

# The verifier takes half the time on a processor with few features. Modules get all features except LPA2, which is rare: with
# it, no driver's ring can be read on arm64 since 6.12 (PAGE_SHARED, with which its pages are mapped, uses address bits then).
case $ARCH-$KIND in
  x86_64-ebpf) set -- "$1" ttyS0 -M q35 -cpu qemu64 ;;
  x86_64-kmod) set -- "$1" ttyS0 -M q35 -cpu max ;;
  aarch64-*) set -- "$1" ttyAMA0 -M virt -cpu max,pauth-impdef=on,lpa2=off ;;
esac
image=$1
console=$2
shift 2
# It is emulated, because nested virtualization is often missing. Any failure ends the machine without a reboot. Reports of
# RCU stalls are off, because they would delay a lockup's panic.
exec "qemu-system-$ARCH" -accel tcg,tb-size=64 "$@" -m 384 -nodefaults -no-user-config -display none -nic none \
  -no-reboot -serial stdio -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \
  -kernel "/kernel/$image" -initrd /kernel/initramfs \
  -append "console=$console quiet printk.devkmsg=on panic=-1 oops=panic softlockup_panic=1 \
  rcupdate.rcu_cpu_stall_suppress=1" </dev/null
