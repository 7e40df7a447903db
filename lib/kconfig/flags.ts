// Flags that a kernel's headers give to every compiler without asking it, and the first gcc of a build root that takes them.

import { isOn, type Kconfig, numberOf } from './kconfig.ts'

/**
 * By the option that arch/*\/Makefile and Makefile of the kernel read. Distributions brought flags to older compilers: Rocky 8's
 * config has SLS with gcc 8.5, that of Leap 15.6 has CC_HAS_MIN_FUNCTION_ALIGNMENT with gcc 7.5. Tried with Debian's
 * compilers: 9 and 10 refuse the flags of SLS and ZERO_CALL_USED_REGS, 11 refuses that of INIT_STACK_ALL_ZERO, 12 the last.
 * That 14 takes the last, and 12 SHADOW_CALL_STACK's, is from gcc's release notes.
 */
const FLAGS: readonly (readonly [option: string, gcc: number])[] = [
  // -mharden-sls=all
  ['SLS', 11],
  ['MITIGATION_SLS', 11],
  // -fzero-call-used-regs=used-gpr
  ['ZERO_CALL_USED_REGS', 11],
  // -ftrivial-auto-var-init=
  ['INIT_STACK_ALL_ZERO', 12],
  ['INIT_STACK_ALL_PATTERN', 12],
  // -fsanitize=shadow-call-stack
  ['SHADOW_CALL_STACK', 12],
  // -fmin-function-alignment=, where there is an alignment
  ['CC_HAS_MIN_FUNCTION_ALIGNMENT', 14],
]

/** e.g. `gcc-12`; `undefined` where every gcc takes them, and for kernels that clang built. */
export function leastCompiler(config: Kconfig): string | undefined {
  if (isOn(config, 'CC_IS_CLANG')) return undefined
  const aligned = (numberOf(config, 'FUNCTION_ALIGNMENT') ?? 0) > 0
  const asked = FLAGS.filter(
    ([option]) => isOn(config, option) && (option !== 'CC_HAS_MIN_FUNCTION_ALIGNMENT' || aligned),
  ).map(([, gcc]) => gcc)
  return asked.length === 0 ? undefined : `gcc-${Math.max(...asked)}`
}
