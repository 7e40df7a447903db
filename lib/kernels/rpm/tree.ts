// Reads the build tree in a header rpm: its folder, its config, and the compiler that built the kernel.

import type { SignedRpm } from '../../formats/rpm/verify.ts'
import { type BuildTree, compilerIn, compilerTextIn } from '../built-by.ts'
import { headersNotFound } from '../refusals.ts'
import { filesIn } from './packages.ts'

const CONFIG = /^usr\/src\/(?:.+\/)?\.config$/
const COMPILE_H = '/include/generated/compile.h'

/** @throws {ProbeError} `headers-not-found`, `digest-mismatch`. */
export async function treeIn(rpm: SignedRpm, unameRelease: string): Promise<BuildTree> {
  const found = await filesIn(
    rpm,
    (path) => CONFIG.test(path) || path.endsWith(COMPILE_H),
    (files) => [...files].some(([path, body]) => CONFIG.test(path) && compilerTextIn(body) !== undefined),
  )
  const [path] = [...found.keys()].filter((name) => CONFIG.test(name)).sort((a, b) => a.length - b.length)
  const config = path === undefined ? undefined : found.get(path)
  if (path === undefined || config === undefined) {
    const { name, version, release } = rpm.identity
    throw headersNotFound(`${name} ${version}-${release} holds no usr/src/.../.config of a kernel`)
  }
  const compileH = [...found].find(([name]) => name.endsWith(COMPILE_H))?.[1]
  return { tree: path.slice(0, -'/.config'.length), config, ...compilerIn(config, compileH, unameRelease) }
}
