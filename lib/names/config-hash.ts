// Parses names from 2015 to 2020: {falco|sysdig}-probe[-bpf]-{driverVersion}-{arch}-{unameRelease}-{md5 of the config}.{ko|o}

import type { Arch, ConfigHash } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { malformed } from './alphabet.ts'
import { type Companion, extensionOf, kindOf, MAX_FILE } from './file.ts'

/** The first arch between hyphens ends the version. In releases, the arch follows a dot. */
const FILE =
  /^(falco|sysdig)-probe(-bpf)?-([A-Za-z0-9](?:(?!-x86_64-|-aarch64-)[A-Za-z0-9.+~_-])*)-(x86_64|aarch64)-(\d[A-Za-z0-9.+~_-]*)-([0-9a-f]{32})\.(ko|o)(?:\.(asc|sha256|json|log))?$/

const LOOKS_LIKE = /^(?:falco|sysdig)-probe-/

/** `undefined`: another kind of name. @throws {ProbeError} `malformed`: this kind of name, but invalid. */
export function parseConfigHash(file: string) {
  if (!LOOKS_LIKE.test(file)) return undefined
  const match = file.length <= MAX_FILE ? FILE.exec(file) : null
  const [, program, bpf, driverVersion = '', arch, unameRelease = '', configMd5 = '', extension, companion] =
    match ?? []
  const kind = kindOf(extension)
  if (!match || (bpf !== undefined) !== (kind === 'ebpf'))
    throw malformed(
      `${quote(file)} is not {falco|sysdig}-probe[-bpf]-{version}-{arch}-{release}-{md5}.{ko|o}`,
    )
  const driverName = program === 'falco' ? 'falco' : 'scap'
  const facts: ConfigHash = { driverVersion, driverName, arch: arch as Arch, unameRelease, configMd5, kind }
  return { facts, companion: companion as Companion | undefined }
}

export function configHashFile(name: ConfigHash): string {
  const program = name.driverName === 'falco' ? 'falco' : 'sysdig'
  const bpf = name.kind === 'ebpf' ? '-bpf' : ''
  return `${program}-probe${bpf}-${name.driverVersion}-${name.arch}-${name.unameRelease}-${name.configMd5}.${extensionOf(name.kind)}`
}
