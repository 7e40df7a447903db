// A kernel's build tree in the package of its headers: where it is, its config, and the compiler that its kernel names.

import { ProbeError } from '../../model/errors.ts'
import { compilerIn, compilerTextIn, type TreeCompiler } from '../built-by.ts'
import type { HeadersPlan } from '../planner.ts'
import type { Brought, Reading } from './packages.ts'

interface ArchTree extends TreeCompiler, Pick<HeadersPlan, 'tree'> {
  /** as it is in the package */
  readonly config: Uint8Array
}

const treeOf = (unameRelease: string): string => `usr/lib/modules/${unameRelease}/build`
const configOf = (unameRelease: string): string => `${treeOf(unameRelease)}/.config`
const compileHOf = (unameRelease: string): string => `${treeOf(unameRelease)}/include/generated/compile.h`

/** What of the package tells it: the other file only where the config does not name the compiler. */
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
export function treeIn({ content: { files, identity } }: Brought, unameRelease: string): ArchTree {
  const config = files.get(configOf(unameRelease))
  if (config !== undefined)
    return {
      tree: treeOf(unameRelease),
      config,
      ...compilerIn(config, files.get(compileHOf(unameRelease)), unameRelease),
    }
  throw new ProbeError(
    'headers-not-found',
    `${identity.name} ${identity.version} holds no ${configOf(unameRelease)}: it is of another kernel`,
  )
}
