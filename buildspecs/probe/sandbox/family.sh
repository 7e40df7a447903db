# In the sandbox: the tools of the compiler's family, as make's variables, one a word.
# shellcheck shell=sh

# A kernel that clang built is linked by lld, and its objects may be bitcode, which no tool of binutils reads: LLVM=-14
# means the same since 5.18, and before that no version can be told by it.
family() {
  case $CC in
    clang-*) llvm "${CC#clang-}" ;;
    *) echo "CC=$CC" ;;
  esac
}

# llvm VERSION
llvm() {
  echo "CC=$CC LD=ld.lld-$1"
  for tool in ar nm objcopy objdump readelf strip; do
    printf '%s=llvm-%s-%s\n' "$(printf %s "$tool" | tr a-z A-Z)" "$tool" "$1"
  done
}

# The same of the tools that a tree is made with, and that run here.
host_family() {
  case $CC in
    clang-*) echo "HOSTCC=$CC HOSTLD=ld.lld-${CC#clang-} HOSTAR=llvm-ar-${CC#clang-}" ;;
    *) echo "HOSTCC=$CC" ;;
  esac
}
