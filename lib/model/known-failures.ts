// Which driver versions do not compile for which kernels. Each row was tried: `npm run matrix` prints the errors, and
// docs/matrix.md shows them.

import type { Kind } from './probe.ts'
import type { Series } from './series.ts'

export interface KnownFailure {
  /** the first driver version and the last that fail; no last: those that are yet to come as well */
  readonly drivers: readonly [first: string, last?: string]
  readonly kinds: readonly Kind[]
  /** the first series of kernels and the last; no last: what the kernel took away does not come back */
  readonly kernels: readonly [from: Series, to?: Series]
  /** for a person: what in the kernel changed */
  readonly why: string
  /** for a person: what to do */
  readonly instead: string
  /** the series that the compiler said so for: of those from the first one on */
  readonly tried: Series
  /** the compiler's own words for it; where the row is of the series that was tried, its first */
  readonly error: string
}

/** What a kernel took away, from when on, and how the compiler says it. */
const CONST_DEVICE =
  "the functions of a class are given a const device since Linux 6.2, and this driver's are not"
const CLASS_CREATE = 'class_create() has one argument since Linux 6.4, and this driver gives it two'
const STRLCPY = 'strlcpy() is gone since Linux 6.8'
const FD_IS_OPEN = 'fd_is_open() is for the kernel alone since Linux 6.10'
const RSS_STAT = 'the counters of what a process holds (rss_stat) are an array since Linux 6.2'
const CAPABILITIES = 'a set of capabilities (kernel_cap_t) is one number since Linux 6.3'
const I_CTIME = "an inode's i_ctime has another name since Linux 6.6"
const I_CTIME_SEC = "an inode's __i_ctime is two numbers of other names since Linux 6.11"

const MS_EXTENSIONS =
  "the kernel's headers are in a dialect of C since then (-fms-extensions), which the ebpf probe's own Makefile does not ask for"

const NOT_CONST =
  "error: assignment to 'char * (*)(const struct device *, umode_t *)' {aka 'char * (*)(const struct device *, short unsigned int *)'} from incompatible pointer type 'char * (*)(struct device *, umode_t *)' {aka 'char * (*)(struct device *, short unsigned int *)'} [-Wincompatible-pointer-types]"
const NO_STRLCPY =
  "error: implicit declaration of function 'strlcpy'; did you mean 'strncpy'? [-Wimplicit-function-declaration]"
const NO_FD_IS_OPEN =
  "error: implicit declaration of function 'fd_is_open'; did you mean 'finish_open'? [-Wimplicit-function-declaration]"

const NO_STRUCTURE =
  "error: member reference base type 'struct percpu_counter[4]' is not a structure or union"

const NO_FILENAME =
  "error: static assertion failed due to requirement 'sizeof(struct filename) % 64 == 0': sizeof(struct filename) % 64 == 0"

const KMOD = 'Use the kernel module, or the modern_bpf engine, which needs no probe'
const NEWER = 'Use driver version 7.2.1+driver or a newer one'
const NEWER_EBPF = 'Use one of the driver versions 7.3.0+driver to 9.1.0+driver'
const NEWER_PACKAGE = 'Use driver version 0.20.0 or a newer one'

const kmod = ['kmod'] as const
const ebpf = ['ebpf'] as const

/** The first row that fits is the one that is told. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    drivers: ['2.0.0+driver', '9.1.0+driver'],
    kinds: ebpf,
    kernels: [[7, 2]],
    why: MS_EXTENSIONS,
    tried: [7, 3],
    error: NO_FILENAME,
    instead: KMOD,
  },
  {
    drivers: ['0.1.1', '0.23.2'],
    kinds: ebpf,
    kernels: [[7, 2]],
    why: MS_EXTENSIONS,
    tried: [7, 3],
    error: NO_FILENAME,
    instead: KMOD,
  },
  {
    drivers: ['0.1.1', '0.1.1'],
    kinds: kmod,
    kernels: [
      [6, 2],
      [6, 9],
    ],
    why: CONST_DEVICE,
    tried: [6, 12],
    error: NOT_CONST,
    instead: NEWER_PACKAGE,
  },
  {
    drivers: ['0.1.1', '0.1.1'],
    kinds: kmod,
    kernels: [[6, 10]],
    why: FD_IS_OPEN,
    tried: [6, 12],
    error: NO_FD_IS_OPEN,
    instead: NEWER_PACKAGE,
  },
  {
    drivers: ['2.0.0+driver', '4.0.0+driver'],
    kinds: kmod,
    kernels: [
      [6, 2],
      [6, 9],
    ],
    why: CONST_DEVICE,
    tried: [6, 12],
    error: NOT_CONST,
    instead: NEWER,
  },
  {
    drivers: ['4.0.1+driver', '5.0.0+driver'],
    kinds: kmod,
    kernels: [
      [6, 4],
      [6, 9],
    ],
    why: CLASS_CREATE,
    tried: [6, 12],
    error: "error: too many arguments to function 'class_create'",
    instead: NEWER,
  },
  {
    drivers: ['5.0.1+driver', '7.0.0+driver'],
    kinds: kmod,
    kernels: [
      [6, 8],
      [6, 9],
    ],
    why: STRLCPY,
    tried: [6, 12],
    error: NO_STRLCPY,
    instead: NEWER,
  },
  {
    drivers: ['2.0.0+driver', '7.2.0+driver'],
    kinds: kmod,
    kernels: [[6, 10]],
    why: FD_IS_OPEN,
    tried: [6, 12],
    error: NO_FD_IS_OPEN,
    instead: NEWER,
  },
  {
    drivers: ['0.1.1', '0.1.1'],
    kinds: ebpf,
    kernels: [[6, 2]],
    why: RSS_STAT,
    tried: [6, 12],
    error: NO_STRUCTURE,
    instead: NEWER_PACKAGE,
  },
  {
    drivers: ['2.0.0+driver', '4.0.0+driver'],
    kinds: ebpf,
    kernels: [[6, 2]],
    why: RSS_STAT,
    tried: [6, 12],
    error: NO_STRUCTURE,
    instead: NEWER_EBPF,
  },
  {
    drivers: ['4.0.1+driver', '4.0.1+driver'],
    kinds: ebpf,
    kernels: [[6, 3]],
    why: CAPABILITIES,
    tried: [6, 12],
    error: "error: no member named 'cap' in 'kernel_cap_t'",
    instead: NEWER_EBPF,
  },
  {
    drivers: ['5.0.0+driver', '6.0.0+driver'],
    kinds: ebpf,
    kernels: [[6, 6]],
    why: I_CTIME,
    tried: [6, 12],
    error: "error: no member named 'i_ctime' in 'struct inode'",
    instead: NEWER_EBPF,
  },
  {
    drivers: ['6.0.1+driver', '7.2.1+driver'],
    kinds: ebpf,
    kernels: [[6, 11]],
    why: I_CTIME_SEC,
    tried: [6, 12],
    error: "error: no member named '__i_ctime' in 'struct inode'",
    instead: NEWER_EBPF,
  },
]
