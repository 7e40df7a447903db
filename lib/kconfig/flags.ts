// Finds the oldest gcc that accepts the flags in a kernel's Makefiles. The Makefiles pass these flags without asking the compiler.

import { isOn, type Kconfig, numberOf } from './kconfig.ts'

/**
 * The options that the kernel's Makefile and arch/*\/Makefile read, and the first gcc in build roots that accepts their flags.
 * Distributions backported flags to older compilers: Rocky 8's config has SLS with gcc 8.5, and that of Leap 15.6 has
 * CC_HAS_MIN_FUNCTION_ALIGNMENT with gcc 7.5.
 *
 * Trials with Debian's gcc: 9 and 10 refuse the flags of SLS and ZERO_CALL_USED_REGS, 11 refuses that of INIT_STACK_ALL_ZERO, and
 * 12 refuses the last row's. Two rows were not tried: by gcc's release notes, 14 accepts the last row's flag, and 12 accepts that
 * of SHADOW_CALL_STACK.
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
  // -fmin-function-alignment=, only if FUNCTION_ALIGNMENT is above 0
  ['CC_HAS_MIN_FUNCTION_ALIGNMENT', 14],
]

/** e.g. `gcc-12`; `undefined`: every gcc accepts the flags, or clang built the kernel. */
export function leastCompiler(config: Kconfig): string | undefined {
  if (isOn(config, 'CC_IS_CLANG')) return undefined
  const aligned = (numberOf(config, 'FUNCTION_ALIGNMENT') ?? 0) > 0
  const asked = FLAGS.filter(
    ([option]) => isOn(config, option) && (option !== 'CC_HAS_MIN_FUNCTION_ALIGNMENT' || aligned),
  ).map(([, gcc]) => gcc)
  return asked.length === 0 ? undefined : `gcc-${Math.max(...asked)}`
}
