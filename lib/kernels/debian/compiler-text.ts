// Which very compiler built a kernel: the text that its config, in its header package, has of it.

import { fileInDeb } from '../../formats/deb.ts'
import { ensureInput } from '../../inputs/inputs.ts'
import { inputKey } from '../../model/keys.ts'
import type { Fetch, Store } from '../../model/ports.ts'
import { compilerTextIn } from '../built-by.ts'
import type { HeadersPlan } from '../planner.ts'

export const MAX_CONFIG = 1024 * 1024

/** CONFIG_CC_VERSION_TEXT; `undefined` of kernels before 4.18, which have none. ProbeError as for a plan. */
export async function compilerTextOf(
  { inputs, fetch }: { readonly inputs: Store; readonly fetch: Fetch },
  { headers, tree }: Pick<HeadersPlan, 'headers' | 'tree'>,
): Promise<string | undefined> {
  const own = headers.find(({ name }) => tree.endsWith(`/${name}`))
  if (own === undefined) return undefined
  await ensureInput(inputs, fetch, own)
  const deb = await inputs.get(inputKey(own.sha256), own.bytes)
  const config = deb && (await fileInDeb(deb, `${tree}/.config`, MAX_CONFIG))
  return compilerTextIn(config ?? new Uint8Array())
}
