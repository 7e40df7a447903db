# In the sandbox, recipe `libs`: sources of falcosecurity/libs, where CMake fills in driver/. CMake only fills in templates,
# which are the same since 1.0.0, so sed does it here.
# shellcheck shell=sh disable=SC2016 # ${...} are CMake's

# prepare_driver: /build/driver, ready for `make`.
prepare_driver() {
  for folder in /driver /driver/*; do
    [ ! -f "$folder/driver/Makefile.in" ] || cp -R "$folder/driver" /build/driver
  done
  if [ ! -d /build/driver ]; then
    echo 'the driver sources hold no driver/Makefile.in'
    return 1
  fi
  cd /build/driver || return
  fill Makefile.in >Makefile
  fill driver_config.h.in >driver_config.h
  prepare_probes configure
  prepare_bpf
}

# fill TEMPLATE: a leftover placeholder means newer sources than this recipe.
fill() {
  filled=$(sed \
    -e "$(placeholder DRIVER_NAME "$DRIVER_NAME")" \
    -e "$(placeholder DRIVER_DEVICE_NAME "$DRIVER_NAME")" \
    -e "$(placeholder DRIVER_VERSION "$DRIVER_VERSION")" \
    -e "$(placeholder KBUILD_FLAGS '')" \
    -e "$(placeholder GIT_COMMIT '')" \
    -e "$(version_parts PPM_API API_VERSION)" \
    -e "$(version_parts PPM_SCHEMA SCHEMA_VERSION)" "$1")
  if printf '%s' "$filled" | grep '@[A-Z][A-Z_]*@\|\${[A-Z][A-Z_]*}' >&2; then
    echo "$1 has a placeholder that the recipe libs does not know; see the lines above" >&2
    return 1
  fi
  printf '%s\n' "$filled"
}

# placeholder NAME VALUE: a sed command for both of CMake's forms.
placeholder() {
  printf 's/@%s@/%s/g;s/${%s}/%s/g' "$1" "$2" "$1" "$2"
}

# version_parts PREFIX FILE: FILE has `major.minor.patch`.
version_parts() {
  IFS=. read -r major minor patch <"$2"
  placeholder "$1_CURRENT_VERSION_MAJOR" "$major"
  printf ';'
  placeholder "$1_CURRENT_VERSION_MINOR" "$minor"
  printf ';'
  placeholder "$1_CURRENT_VERSION_PATCH" "$patch"
}

# prepare_probes FOLDER: since 7.1.0 each folder in configure/ is a feature probe, which the driver's Makefile compiles;
# since 0__SANITY, a broken compiler is an error.
prepare_probes() {
  for probe in "$1"/*/; do
    [ -f "$probe/test.c" ] || continue
    name=$(basename "$probe")
    cp "$1/Makefile" "$1/build.sh" "$probe"
    sed "$(placeholder CONFIGURE_MODULE "$name")" "$1/Makefile.inc.in" >"$probe/Makefile.inc"
  done
}

# Since 7.1.0 the ebpf sources include the driver's headers from their own folder.
prepare_bpf() {
  [ -d bpf ] || return 0
  cp ./*.h bpf/
  prepare_probes bpf/configure
}
