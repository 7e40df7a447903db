# Runs the virtual machine with its kernel and initramfs.
# shellcheck shell=sh disable=SC2034,SC2153 # IMAGE is of settings.sh, MACHINE for verdict.sh

image_sandbox() {
  sandbox --ro-bind "$WORK/inputs" /inputs --ro-bind "$WORK/vm" /kernel \
    --setenv ARCH "$ARCH" --setenv KIND "$KIND" --setenv UNAME_RELEASE "$UNAME_RELEASE" "$@"
}

# take_image: vm/vmlinuz from the package, and vm/vmlinux, empty if vmlinuz must unpack itself.
take_image() {
  image_sandbox sh -eu /steps/load-test/image.sh package 3>"$WORK/vm/vmlinuz" ||
    fail "the kernel package holds no image of $UNAME_RELEASE"
  keep_image
  image_sandbox sh -eu /steps/load-test/image.sh unwrapped 3>"$WORK/vm/vmlinux" || : >"$WORK/vm/vmlinux"
}

# The next test then needs no package. Runs before the machine: no probe can change the image.
keep_image() {
  if [ "$IMAGE" = boot ] || [ -z "$PUT_BOOT" ]; then return 0; fi
  bytes=$(stat -c %s "$WORK/vm/vmlinuz")
  sha256=$(sha256sum <"$WORK/vm/vmlinuz" | cut -c 1-64)
  if put_once "$PUT_BOOT" "$WORK/vm/vmlinuz"; then
    printf ',"boot":{"sha256":"%s","bytes":%s}' "$sha256" "$bytes" >"$WORK/stored"
  else
    say "the image was not stored: $(why $?)"
  fi
}

pack_initramfs() {
  NONCE=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  mkdir "$WORK/root/bin" "$WORK/root/proc" "$WORK/root/sys" "$WORK/root/dev"
  cp "$(command -v busybox)" "$WORK/root/bin/busybox"
  cp "$STEPS/load-test/init.sh" "$WORK/root/init"
  chmod 755 "$WORK/root/init"
  mv "$WORK"/inputs/probe-* "$WORK/root/probe"
  printf 'NONCE=%s KIND=%s DRIVER_NAME=%s\n' "$NONCE" "$KIND" "$DRIVER_NAME" >"$WORK/root/job"
  (cd "$WORK/root" && find . | cpio -o -H newc) >"$WORK/vm/initramfs" 2>/dev/null
}

# boot_image: prints the console; MACHINE is how it ended. If qemu cannot start an unwrapped kernel, it starts vmlinuz.
boot_image() {
  for image in vmlinux vmlinuz; do
    [ -s "$WORK/vm/$image" ] || continue
    MACHINE=0
    image_sandbox sh -eu /steps/load-test/machine.sh "$image" >"$WORK/console" || MACHINE=$?
    tr '\t' ' ' <"$WORK/console" | tr -cd '\n -~' | sed 's/^\[ *[0-9.]*\] //' >"$WORK/lines"
    cat "$WORK/lines"
    ! grep -q "^$NONCE ready " "$WORK/lines" || return 0
  done
}
