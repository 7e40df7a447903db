// Lists driver versions that do not compile for some kernels. Each row was tried: `npm run matrix` prints the compiler's errors,
// and docs/matrix.md shows them.

import type { Kind } from './probe.ts'
import type { Series } from './series.ts'

export interface KnownFailure {
  /** first and last driver version that fail; without a last, future versions fail too */
  readonly drivers: readonly [first: string, last?: string]
  readonly kinds: readonly Kind[]
  /** first kernel series */
  readonly from: Series
  /** last kernel series; absent: all later kernels too, because a function that Linux removed does not come back */
  readonly to?: Series
  /** human-readable: what changed in the kernel */
  readonly why: string
  /** human-readable: what to do */
  readonly instead: string
  /** the series whose compile error is in `error` */
  readonly tried: Series
  /** the compiler's first error, verbatim */
  readonly error: string
}

type Cause = Pick<KnownFailure, 'kinds' | 'why' | 'tried' | 'error'>

const CONST_DEVICE: Cause = {
  kinds: ['kmod'],
  why: "the functions of a class are given a const device since Linux 6.2, and this driver's are not",
  tried: [6, 12],
  error:
    "error: assignment to 'char * (*)(const struct device *, umode_t *)' {aka 'char * (*)(const struct device *, short unsigned int *)'} from incompatible pointer type 'char * (*)(struct device *, umode_t *)' {aka 'char * (*)(struct device *, short unsigned int *)'} [-Wincompatible-pointer-types]",
}
const CLASS_CREATE: Cause = {
  kinds: ['kmod'],
  why: 'class_create() has one argument since Linux 6.4, and this driver gives it two',
  tried: [6, 12],
  error: "error: too many arguments to function 'class_create'",
}
const STRLCPY: Cause = {
  kinds: ['kmod'],
  why: 'strlcpy() is gone since Linux 6.8',
  tried: [6, 12],
  error:
    "error: implicit declaration of function 'strlcpy'; did you mean 'strncpy'? [-Wimplicit-function-declaration]",
}
const FD_IS_OPEN: Cause = {
  kinds: ['kmod'],
  why: 'fd_is_open() is for the kernel alone since Linux 6.10',
  tried: [6, 12],
  error:
    "error: implicit declaration of function 'fd_is_open'; did you mean 'finish_open'? [-Wimplicit-function-declaration]",
}
const RSS_STAT: Cause = {
  kinds: ['ebpf'],
  why: 'the counters of what a process holds (rss_stat) are an array since Linux 6.2',
  tried: [6, 12],
  error: "error: member reference base type 'struct percpu_counter[4]' is not a structure or union",
}
const CAPABILITIES: Cause = {
  kinds: ['ebpf'],
  why: 'a set of capabilities (kernel_cap_t) is one number since Linux 6.3',
  tried: [6, 12],
  error: "error: no member named 'cap' in 'kernel_cap_t'",
}
const I_CTIME: Cause = {
  kinds: ['ebpf'],
  why: "an inode's i_ctime has another name since Linux 6.6",
  tried: [6, 12],
  error: "error: no member named 'i_ctime' in 'struct inode'",
}
const I_CTIME_SEC: Cause = {
  kinds: ['ebpf'],
  why: "an inode's __i_ctime is two numbers of other names since Linux 6.11",
  tried: [6, 12],
  error: "error: no member named '__i_ctime' in 'struct inode'",
}
const MS_EXTENSIONS: Cause = {
  kinds: ['ebpf'],
  why: "the kernel's headers are in a dialect of C since then (-fms-extensions), which the ebpf probe's own Makefile does not ask for",
  tried: [7, 3],
  error:
    "error: static assertion failed due to requirement 'sizeof(struct filename) % 64 == 0': sizeof(struct filename) % 64 == 0",
}

const KMOD = 'Use the kernel module, or the modern_bpf engine, which needs no probe'
const NEWER = 'Use driver version 7.2.1+driver or a newer one'
const NEWER_EBPF = 'Use one of the driver versions 7.3.0+driver to 9.1.0+driver'
const NEWER_PACKAGE = 'Use driver version 0.20.0 or a newer one'

/** A refusal quotes the first row that matches. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  { ...MS_EXTENSIONS, drivers: ['2.0.0+driver', '9.1.0+driver'], from: [7, 2], instead: KMOD },
  { ...MS_EXTENSIONS, drivers: ['0.1.1', '0.23.2'], from: [7, 2], instead: KMOD },
  { ...CONST_DEVICE, drivers: ['0.1.1', '0.1.1'], from: [6, 2], to: [6, 9], instead: NEWER_PACKAGE },
  { ...FD_IS_OPEN, drivers: ['0.1.1', '0.1.1'], from: [6, 10], instead: NEWER_PACKAGE },
  { ...CONST_DEVICE, drivers: ['2.0.0+driver', '4.0.0+driver'], from: [6, 2], to: [6, 9], instead: NEWER },
  { ...CLASS_CREATE, drivers: ['4.0.1+driver', '5.0.0+driver'], from: [6, 4], to: [6, 9], instead: NEWER },
  { ...STRLCPY, drivers: ['5.0.1+driver', '7.0.0+driver'], from: [6, 8], to: [6, 9], instead: NEWER },
  { ...FD_IS_OPEN, drivers: ['2.0.0+driver', '7.2.0+driver'], from: [6, 10], instead: NEWER },
  { ...RSS_STAT, drivers: ['0.1.1', '0.1.1'], from: [6, 2], instead: NEWER_PACKAGE },
  { ...RSS_STAT, drivers: ['2.0.0+driver', '4.0.0+driver'], from: [6, 2], instead: NEWER_EBPF },
  { ...CAPABILITIES, drivers: ['4.0.1+driver', '4.0.1+driver'], from: [6, 3], instead: NEWER_EBPF },
  { ...I_CTIME, drivers: ['5.0.0+driver', '6.0.0+driver'], from: [6, 6], instead: NEWER_EBPF },
  { ...I_CTIME_SEC, drivers: ['6.0.1+driver', '7.2.1+driver'], from: [6, 11], instead: NEWER_EBPF },
]
