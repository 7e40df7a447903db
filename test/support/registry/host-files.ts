// Gets the files that a host has of its Debian kernel, from Debian's own header package.

import { createHash } from 'node:crypto'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { fileInDeb } from '../../../lib/formats/deb.ts'
import { debian } from '../debian.ts'
import { memoryPorts } from '../memory.ts'
import { debianSuites } from '../mirrors.ts'

export interface HostFiles {
  /** text of /boot/config-$(uname -r) */
  readonly config: string
  /** text of /lib/modules/$(uname -r)/build/.config */
  readonly buildConfig: string
  /** /lib/modules/$(uname -r)/build/Module.symvers */
  readonly symvers: Uint8Array
  /** file names of its header packages in the archive */
  readonly packages: readonly string[]
}

export async function hostFiles(unameRelease: string): Promise<HostFiles> {
  const { store, lists, log } = memoryPorts({ now: Date.now })
  const fetch = createFetch()
  const planner = debian({ inputs: store.inputs, fetch, lists, log, now: Date.now }, debianSuites())
  const asked = { arch: 'x86_64', kind: 'kmod', kernelRelease: unameRelease, kernelVersion: '1' } as const
  const { headers, tree } = await planner.plan(asked)
  const own = headers.at(-1)
  if (own === undefined) throw new Error('no headers')
  const deb = await fetch(own.url, { maxBytes: own.bytes })
  const file = async (name: string) => (await fileInDeb(deb, `${tree}/${name}`, 8 << 20)) ?? new Uint8Array()
  const buildConfig = Buffer.from(await file('.config')).toString('latin1')
  return {
    config: asOnHost(buildConfig),
    buildConfig,
    symvers: await file('Module.symvers'),
    packages: headers.map(({ url }) => url),
  }
}

/** debian/rules.real removes these lines from the host's config. */
const asOnHost = (config: string): string =>
  config
    .split('\n')
    .filter((line) => !/CONFIG_(BUILD_SALT|MODULE_SIG_ALL|MODULE_SIG_KEY|SYSTEM_TRUSTED_KEYS)[ =]/.test(line))
    .join('\n')

export const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex')
