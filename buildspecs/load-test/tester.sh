# What a load test makes itself before the machine starts.
# shellcheck shell=sh

# The VM has no libraries, so the program that it tests with is a static one.
compile_tester() {
  case $KIND in
    kmod) program=ring-read ;;
    ebpf) program=bpf-load ;;
  esac
  gcc -static -O1 -s -o "$WORK/root/$program" "$STEPS/load-test/$program.c" ||
    fail "$program.c does not compile with the gcc of the machine's root"
}
