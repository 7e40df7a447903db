// Finds the compiler that built a kernel, from files of its packaged build tree.

import { builtBy } from '../kconfig/compiler.ts'
import { leastCompiler } from '../kconfig/flags.ts'
import { parseKconfig } from '../kconfig/parse.ts'
import type { HeadersPlan } from './planner.ts'

export type TreeCompiler = Pick<HeadersPlan, 'compiler' | 'compilerText' | 'leastCompiler'>

export interface BuildTree extends TreeCompiler, Pick<HeadersPlan, 'tree'> {
  /** unchanged, as in the package */
  readonly config: Uint8Array
}

const COMPILER_TEXT = /^CONFIG_CC_VERSION_TEXT="([ -~]{1,200})"$/m

/** CONFIG_CC_VERSION_TEXT; kernels have it since 4.18. */
export const compilerTextIn = (config: Uint8Array): string | undefined =>
  COMPILER_TEXT.exec(latin1(config))?.[1]

/** `compileH`: include/generated/compile.h; before 4.18, scripts/mkcompile_h names the compiler in it. */
export function compilerIn(
  config: Uint8Array,
  compileH: Uint8Array | undefined,
  kernelRelease: string,
): TreeCompiler {
  const parsed = parseKconfig(latin1(config))
  const compiler = builtBy({ config: parsed, procVersion: compileH && latin1(compileH), kernelRelease })
  return { compiler, compilerText: compilerTextIn(config), leastCompiler: leastCompiler(parsed) }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
