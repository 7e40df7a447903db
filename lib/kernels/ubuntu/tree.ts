// A kernel's build tree in Ubuntu's package of its headers: where it is, its config, and the compiler that its kernel names.

import { filesInDeb } from '../../formats/deb.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Package } from '../../model/probe.ts'
import { compilerIn, type TreeCompiler } from '../built-by.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import type { HeadersPlan } from '../planner.ts'

const MAX_CONFIG = 1024 * 1024

interface UbuntuTree extends TreeCompiler, Pick<HeadersPlan, 'tree'> {
  /** as it is in the package */
  readonly config: Uint8Array
}

/** @throws {ProbeError} `headers-not-found`, and those of its ports. */
export async function treeIn(ports: InputPorts, headers: Package): Promise<UbuntuTree> {
  const tree = `usr/src/${headers.name}`
  const paths = { config: `${tree}/.config`, compileH: `${tree}/include/generated/compile.h` }
  const files = await filesInDeb(await bytesOf(ports, headers), Object.values(paths), MAX_CONFIG)
  const config = files.get(paths.config)
  if (config === undefined)
    throw new ProbeError('headers-not-found', `${headers.name} ${headers.version} holds no ${paths.config}`)
  const unameRelease = headers.name.slice('linux-headers-'.length)
  return { tree, config, ...compilerIn(config, files.get(paths.compileH), unameRelease) }
}
