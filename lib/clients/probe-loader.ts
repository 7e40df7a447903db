// Computes the requests of sysdig-probe-loader and falco-probe-loader (2015 to 2021), which name release and config hash.

import { ProbeError } from '../model/errors.ts'
import type { ConfigHash, DriverName } from '../model/probe.ts'
import { malformed } from '../names/alphabet.ts'
import { parse } from '../names/grammar.ts'
import { formatConfigHash } from '../names/layouts.ts'
import type { Wanted } from './ask.ts'
import type { HostFacts } from './facts.ts'

/** A request that contains neither a target nor a package version. */
export interface ConfigAsk extends Pick<ConfigHash, 'unameRelease' | 'configMd5'> {
  readonly path: string
  readonly layout: 'config-hash'
}

/**
 * Every `+` is written as `%2B` (since July 2015). The driver then had the same version as the program.
 * @throws {ProbeError} `malformed`; `unsupported-driver-name`: each loader loads only its own driver; `unsupported-kernel`:
 * the host's config is unknown, so the loader sends no request.
 */
export function probeLoaderAsk(facts: HostFacts, wanted: Wanted, own: DriverName): ConfigAsk {
  if (wanted.driverName !== own)
    throw new ProbeError('unsupported-driver-name', `that loader loads the driver ${own} only`)
  const { unameRelease, configMd5, machine } = facts
  if (configMd5 === undefined)
    throw new ProbeError(
      'unsupported-kernel',
      'loaders of that time send no request from a host without kernel config',
    )
  const name: ConfigHash = { ...wanted, arch: machine, unameRelease, configMd5 }
  const path = formatConfigHash(name).replaceAll('+', '%2B')
  const read = parse(path)
  if (
    read.tag !== 'config-hash' ||
    formatConfigHash(read) !== formatConfigHash(name) ||
    read.arch !== machine ||
    read.unameRelease !== unameRelease
  )
    throw malformed('the release and driver version do not read back from that name')
  return { unameRelease, configMd5, path, layout: 'config-hash' }
}
