# In the sandbox: limits of every compilation.
# shellcheck shell=sh

# A limit that is lower already cannot be raised.
for limit in --core=0 --nproc=4096 --fsize=268435456 --as=8589934592; do
  prlimit --pid $$ "$limit" 2>/dev/null || true
done

# Reproducible output: paths in here are constant, and so are these values.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=probe KBUILD_BUILD_HOST=registry
export SOURCE_DATE_EPOCH=0
