# In the sandbox, recipe `control`: the minimum that a driver needs of the kernel tree and the tools, without driver files.
# If this fails, those are broken, whatever a driver's log says.
# shellcheck shell=sh disable=SC2016 # $(...) are make's

# prepare_driver: /build/driver, ready for `make`.
prepare_driver() {
  mkdir -p /build/driver/bpf
  cd /build/driver || return
  printf '%s\n' 'obj-m := control.o' 'all:' \
    '	$(MAKE) -C $(KERNELDIR) M=$(CURDIR) modules' >Makefile
  printf '#include <linux/%s.h>\n' module cdev fs sched slab tracepoint uaccess vmalloc wait >control.c
  printf '%s\n' 'static int __init start(void) { return 0; }' 'static void __exit stop(void) {}' \
    'module_init(start);' 'module_exit(stop);' 'MODULE_LICENSE("GPL");' >>control.c
  # `always` before 5.11.
  printf '%s\n' 'always-y += probe.o' 'always = $(always-y)' 'all:' \
    '	$(MAKE) -C $(KERNELDIR) M=$(CURDIR)' '$(obj)/probe.o: $(src)/probe.c' \
    '	$(CLANG) $(LINUXINCLUDE) -D__KERNEL__ -O2 -emit-llvm -c $< -o $@.ll' \
    '	$(LLC) -march=bpf -filetype=obj -o $@ $@.ll' >bpf/Makefile
  printf '%s\n' '#include <linux/types.h>' 'u32 probe(void) { return 0; }' >bpf/probe.c
}
