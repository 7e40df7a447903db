// Reads the build tree in a header package: its folder, its config, and the compiler that built the kernel.

import { type BuildTree, compilerIn, compilerTextIn } from '../built-by.ts'
import { headersNotFound } from '../refusals.ts'
import type { Brought, Reading } from './packages.ts'

function pathsOf(unameRelease: string) {
  const tree = `usr/lib/modules/${unameRelease}/build`
  return { tree, config: `${tree}/.config`, compileH: `${tree}/include/generated/compile.h` }
}

/** Reads the config, and compile.h only if the config does not name the compiler. */
export function readingOf(unameRelease: string): Reading {
  const paths = pathsOf(unameRelease)
  return {
    wants: (path) => path === paths.config || path === paths.compileH,
    enough: (files) => {
      const config = files.get(paths.config)
      return config !== undefined && (compilerTextIn(config) !== undefined || files.has(paths.compileH))
    },
  }
}

/** @throws {ProbeError} `headers-not-found`. */
export function treeIn({ content: { files, identity } }: Brought, unameRelease: string): BuildTree {
  const { tree, ...paths } = pathsOf(unameRelease)
  const config = files.get(paths.config)
  if (config !== undefined)
    return { tree, config, ...compilerIn(config, files.get(paths.compileH), unameRelease) }
  throw headersNotFound(
    `${identity.name} ${identity.version} holds no ${paths.config}: it is of another kernel`,
  )
}
