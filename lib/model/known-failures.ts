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
  /** the compiler's first */
  readonly error: string
}

const CLASS_CREATE = 'class_create() lost its first argument in Linux 6.4'

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    drivers: ['0.1.1', '0.1.1'],
    kinds: ['kmod'],
    kernels: [[6, 4]],
    why: CLASS_CREATE,
    instead: 'Use driver version 0.20.0 or a newer one',
    error:
      "/build/driver/main.c:1495:22: error: implicit declaration of function 'fd_is_open'; did you mean 'finish_open'? [-Wimplicit-function-declaration]",
  },
]
