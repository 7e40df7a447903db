// Reads the exact compiler that built a kernel, from the config in its header package.

import { fileInDeb } from '../../formats/deb.ts'
import { compilerTextIn } from '../built-by.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import type { HeadersPlan } from '../planner.ts'

export const MAX_CONFIG = 1024 * 1024

/**
 * CONFIG_CC_VERSION_TEXT; `undefined` for kernels before 4.18, which lack it.
 * @throws {ProbeError} as for a plan.
 */
export async function compilerTextOf(
  ports: InputPorts,
  { headers, tree }: Pick<HeadersPlan, 'headers' | 'tree'>,
): Promise<string | undefined> {
  const own = headers.find(({ name }) => tree.endsWith(`/${name}`))
  if (own === undefined) return undefined
  const config = await fileInDeb(await bytesOf(ports, own), `${tree}/.config`, MAX_CONFIG)
  return compilerTextIn(config ?? new Uint8Array())
}
