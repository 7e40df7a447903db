# In the sandbox: compiles /kernel and /driver to file descriptor 3.
# shellcheck shell=sh

# shellcheck source-path=SCRIPTDIR source=bounds.sh
. /steps/probe/sandbox/bounds.sh
# shellcheck source-path=SCRIPTDIR source=family.sh
. /steps/probe/sandbox/family.sh
# shellcheck source-path=SCRIPTDIR source=kernel-tree.sh
. /steps/probe/sandbox/kernel-tree.sh
# shellcheck source-path=SCRIPTDIR source=recipe-makefile.sh
. "/steps/probe/sandbox/recipe-$RECIPE.sh"
# shellcheck source-path=SCRIPTDIR source=compile-kmod.sh
. "/steps/probe/sandbox/compile-$KIND.sh"

# Without the kernel's symbols, build anyway; whether it loads was checked before.
[ "$KERNEL" = headers ] || [ -f /inputs/Module.symvers ] || export KBUILD_MODPOST_WARN=1
KERNELDIR=$(kernel_tree)
prepare_driver
shadow_tools
compile_driver 3>&-
PROBE=$(probe_file)
if [ ! -f "$PROBE" ] || [ -L "$PROBE" ]; then
  echo "compiling left no regular file $PROBE"
  exit 0
fi
"$STRIP" -g -o /build/probe "$PROBE" 3>&-
cat /build/probe >&3
