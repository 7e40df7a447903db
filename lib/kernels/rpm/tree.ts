// A kernel's build tree in the package of its headers: where it is, its config, and the compiler that its kernel names.

import type { SignedRpm } from '../../formats/rpm/verify.ts'
import { builtBy } from '../../kconfig/compiler.ts'
import { parseKconfig } from '../../kconfig/parse.ts'
import { ProbeError } from '../../model/errors.ts'
import { filesIn } from './packages.ts'

export interface HeadersTree {
  /** folder below the unpacked packages */
  readonly tree: string
  /** as it is in the package */
  readonly config: Uint8Array
  /** command name of the compiler that built the kernel */
  readonly compiler: string
  /** CONFIG_CC_VERSION_TEXT; none before 4.18 */
  readonly compilerText: string | undefined
}

const CONFIG = /^usr\/src\/(?:.+\/)?\.config$/
/** Before 4.18 a config does not name the compiler: scripts/mkcompile_h wrote `LINUX_COMPILER` instead. */
const COMPILE_H = '/include/generated/compile.h'
const COMPILER_TEXT = /^CONFIG_CC_VERSION_TEXT="([ -~]{1,200})"$/m

/** ProbeError `headers-not-found`, `digest-mismatch`. */
export async function treeIn(rpm: SignedRpm, unameRelease: string): Promise<HeadersTree> {
  const found = await filesIn(
    rpm,
    (path) => CONFIG.test(path) || path.endsWith(COMPILE_H),
    (files) => [...files].some(([path, body]) => CONFIG.test(path) && COMPILER_TEXT.test(textOf(body))),
  )
  const [path] = [...found.keys()].filter((name) => CONFIG.test(name)).sort((a, b) => a.length - b.length)
  const config = path === undefined ? undefined : found.get(path)
  if (path === undefined || config === undefined) {
    const { name, version, release } = rpm.identity
    throw new ProbeError(
      'headers-not-found',
      `${name} ${version}-${release} holds no usr/src/.../.config of a kernel`,
    )
  }
  const text = textOf(config)
  const compileH = [...found].find(([name]) => name.endsWith(COMPILE_H))?.[1]
  return {
    tree: path.slice(0, -'/.config'.length),
    config,
    compiler: builtBy({
      config: parseKconfig(text),
      procVersion: compileH && textOf(compileH),
      kernelRelease: unameRelease,
    }),
    compilerText: COMPILER_TEXT.exec(text)?.[1],
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
