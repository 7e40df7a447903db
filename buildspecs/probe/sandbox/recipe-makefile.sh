# In the sandbox, recipe `makefile`: sources with a Makefile, and bpf/ below.
# shellcheck shell=sh

# prepare_driver: /build/driver, ready for `make`.
prepare_driver() {
  for folder in /driver/usr/src/* /driver /driver/*; do
    if [ -f "$folder/Makefile" ]; then
      cp -R "$folder" /build/driver
      return
    fi
  done
  echo 'the driver sources hold no Makefile where one belongs: in their first folder, or below usr/src/'
  return 1
}
