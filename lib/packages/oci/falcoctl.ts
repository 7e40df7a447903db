// The index that falcoctl reads: what there is to install, where it is, and by which key it is signed.
// https://github.com/falcosecurity/falcoctl#falcoctl-index

import { repositoryIn } from './names.ts'

export interface IndexFacts {
  /** ids of what the repositories show */
  readonly ids: readonly string[]
  readonly revoked: readonly string[]
  /** under which clients reach the registry: host and port */
  readonly host: string
  /** of the public key, as PEM */
  readonly keyUrl: string
}

/** An entry for each driver version; its kernels are the tags. */
export function falcoctlIndex({ ids, revoked, host, keyUrl }: IndexFacts): string {
  const entries = ids.flatMap((id) => {
    const name = id.slice(id.indexOf('/') + 1)
    const repository = repositoryIn(name)
    if (repository?.shape !== 'probes' || revoked.includes(repository.driverVersion)) return []
    const { driverName, driverVersion } = repository
    return [
      `\
- name: ${text(`${driverName}-${name.slice(name.lastIndexOf('/') + 1)}`)}
  type: asset
  registry: ${text(host)}
  repository: ${text(name)}
  description: ${text(`Kernel probes of the driver ${driverName} ${driverVersion}, by target and kernel`)}
  license: GPL-2.0
  signature:
    cosign:
      key: ${text(keyUrl)}
      ignore-tlog: true
`,
    ]
  })
  return entries.length === 0 ? '[]\n' : entries.join('')
}

/** JSON's texts are texts of YAML. */
const text = (value: string): string => JSON.stringify(value)
