# In the sandbox: from /kernel and /driver to the probe on file descriptor 3.
# shellcheck shell=sh

# Where a limit is lower already, it may not be raised.
for limit in --core=0 --nproc=4096 --fsize=268435456 --as=8589934592; do
  prlimit --pid $$ "$limit" 2>/dev/null || true
done

# The same bytes wherever and whenever: paths in here are constant, and so is what a compiler may ask for.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=probe KBUILD_BUILD_HOST=registry
export SOURCE_DATE_EPOCH=0

# shellcheck source-path=SCRIPTDIR source=kernel-tree.sh
. /steps/kernel-tree.sh
# shellcheck source-path=SCRIPTDIR source=recipe-makefile.sh
. "/steps/recipe-$RECIPE.sh"
# shellcheck source-path=SCRIPTDIR source=compile-kmod.sh
. "/steps/compile-$KIND.sh"

KERNELDIR=$(kernel_tree)
prepare_driver
compile_driver 3>&-
PROBE=$(probe_file)
if [ ! -f "$PROBE" ] || [ -L "$PROBE" ]; then
  echo "compiling left no regular file $PROBE"
  exit 0
fi
"$STRIP" -g -o /build/probe "$PROBE" 3>&-
cat /build/probe >&3
