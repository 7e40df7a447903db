// Computes the requests of sysdig-probe-loader and falco-probe-loader (2015 to 2021), which name release and config hash.

import { isDeepStrictEqual } from 'node:util'
import { ProbeError } from '../model/errors.ts'
import type { DriverName } from '../model/probe.ts'
import { malformed } from '../names/alphabet.ts'
import { type ConfigHashName, parse } from '../names/grammar.ts'
import { formatConfigHash } from '../names/layouts.ts'
import type { Wanted } from './ask.ts'
import type { HostFacts } from './facts.ts'

/**
 * Every `+` is written as `%2B` (since July 2015). The driver then had the same version as the program.
 * @throws {ProbeError} `malformed`; `unsupported-driver-name`: each loader loads only its own driver; `unsupported-kernel`:
 * the host's config is unknown, so the loader sends no request.
 */
export function probeLoaderAsk(facts: HostFacts, wanted: Wanted, own: DriverName): string {
  if (wanted.driverName !== own)
    throw new ProbeError('unsupported-driver-name', `that loader loads the driver ${own} only`)
  const { unameRelease, configMd5, machine: arch } = facts
  if (configMd5 === undefined)
    throw new ProbeError(
      'unsupported-kernel',
      'loaders of that time send no request from a host without kernel config',
    )
  const parts = { ...wanted, arch, unameRelease, configMd5 }
  const name: ConfigHashName = { tag: 'config-hash', layout: 'config-hash', ...parts, companion: undefined }
  const path = formatConfigHash(name).replaceAll('+', '%2B')
  if (isDeepStrictEqual(parse(path), name)) return path
  throw malformed('the release and driver version do not read back from that name')
}
