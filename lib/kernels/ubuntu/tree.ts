// Reads the build tree in Ubuntu's header package: its folder, its config, and the kernel's compiler.

import { filesInDeb } from '../../formats/deb.ts'
import type { Package } from '../../model/probe.ts'
import { type BuildTree, compilerIn } from '../built-by.ts'
import { unameOf } from '../deb.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import { headersNotFound } from '../refusals.ts'

const MAX_CONFIG = 1024 * 1024

/** @throws {ProbeError} `headers-not-found`, and the errors of its ports. */
export async function treeIn(ports: InputPorts, headers: Package): Promise<BuildTree> {
  const tree = `usr/src/${headers.name}`
  const paths = { config: `${tree}/.config`, compileH: `${tree}/include/generated/compile.h` }
  const files = await filesInDeb(await bytesOf(ports, headers), Object.values(paths), MAX_CONFIG)
  const config = files.get(paths.config)
  if (config === undefined)
    throw headersNotFound(`${headers.name} ${headers.version} holds no ${paths.config}`)
  return { tree, config, ...compilerIn(config, files.get(paths.compileH), unameOf(headers)) }
}
