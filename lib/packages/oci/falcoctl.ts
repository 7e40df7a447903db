// Writes falcoctl's index of artifacts, with their repositories and the signing key.
// https://github.com/falcosecurity/falcoctl#falcoctl-index

import { repositoryIn } from './names.ts'

interface IndexFacts {
  /** ids of pointers */
  readonly ids: readonly string[]
  readonly revoked: readonly string[]
  /** host and port of the registry, as clients reach it */
  readonly host: string
  /** URL of the public key in PEM */
  readonly keyUrl: string
}

/** Writes an entry for each driver version. Kernels are tags of it. */
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

/** A JSON string is also a YAML string. */
const text = (value: string): string => JSON.stringify(value)
