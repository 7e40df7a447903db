// Reads the build tree in a header package: its folder, its config, and the compiler that built the kernel.

import { type BuildTree, compilerIn, compilerTextIn } from '../built-by.ts'
import { headersNotFound } from '../refusals.ts'
import type { Brought, Reading } from './packages.ts'

const treeOf = (unameRelease: string): string => `usr/lib/modules/${unameRelease}/build`
const configOf = (unameRelease: string): string => `${treeOf(unameRelease)}/.config`
const compileHOf = (unameRelease: string): string => `${treeOf(unameRelease)}/include/generated/compile.h`

/** Reads the config, and compile.h only if the config does not name the compiler. */
export const readingOf = (unameRelease: string): Reading => ({
  wants: (path) => path === configOf(unameRelease) || path === compileHOf(unameRelease),
  enough: (files) => {
    const config = files.get(configOf(unameRelease))
    return (
      config !== undefined && (compilerTextIn(config) !== undefined || files.has(compileHOf(unameRelease)))
    )
  },
})

/** @throws {ProbeError} `headers-not-found`. */
export function treeIn({ content: { files, identity } }: Brought, unameRelease: string): BuildTree {
  const config = files.get(configOf(unameRelease))
  if (config !== undefined)
    return {
      tree: treeOf(unameRelease),
      config,
      ...compilerIn(config, files.get(compileHOf(unameRelease)), unameRelease),
    }
  throw headersNotFound(
    `${identity.name} ${identity.version} holds no ${configOf(unameRelease)}: it is of another kernel`,
  )
}
