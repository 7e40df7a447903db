// Reads the config in a header package: compares it with a host's, and finds the exact compiler in it.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { newest } from '../../archives/apt/relations.ts'
import { fileInDeb } from '../../formats/deb.ts'
import type { Package } from '../../model/probe.ts'
import { compilerTextIn } from '../built-by.ts'
import { unameOf } from '../deb.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import type { ConfigRequest, HeadersPlan, KernelName } from '../planner.ts'
import { md5Of, otherConfig } from '../shared.ts'
import { canonicalRelease, isKernelHeaders, notFound } from './headers.ts'

export const MAX_CONFIG = 1024 * 1024

const configOf = async (ports: InputPorts, headers: Package): Promise<Uint8Array | undefined> =>
  fileInDeb(await bytesOf(ports, headers), `usr/src/${headers.name}/.config`, MAX_CONFIG)

/**
 * CONFIG_CC_VERSION_TEXT; `undefined` for kernels before 4.18, which lack it.
 * @throws {ProbeError} as for a plan.
 */
export async function compilerTextOf(
  ports: InputPorts,
  { headers, tree }: Pick<HeadersPlan, 'headers' | 'tree'>,
): Promise<string | undefined> {
  const own = headers.find(({ name }) => tree.endsWith(`/${name}`))
  const config = own && (await configOf(ports, own))
  return config && compilerTextIn(config)
}

/** Finds the kernel that has a config. Compares the config in the header package, in its own form and in the form under /boot. */
export async function identify(
  ports: InputPorts,
  archive: readonly AptPackage[],
  asked: ConfigRequest,
): Promise<KernelName> {
  const { unameRelease } = asked
  const headers = newest(archive.filter((p) => isKernelHeaders(p) && unameOf(p) === unameRelease))
  if (headers === undefined) throw notFound(unameRelease)
  checkConfig(await configOf(ports, headers), asked)
  return { kernelRelease: canonicalRelease(archive, headers), kernelVersion: '1' }
}

/**
 * `config`: from the header package.
 * @throws {ProbeError} `headers-not-found` if it is not the requested config.
 */
export function checkConfig(config: Uint8Array | undefined, asked: ConfigRequest): void {
  if (config !== undefined && [config, bootConfig(config)].some((known) => md5Of(known) === asked.configMd5))
    return
  throw otherConfig('the distribution', asked)
}

/** Debian's kernel packages leave these out of the config under /boot (debian/rules.real). */
const ONLY_FOR_BUILDS =
  /^(?:# )?CONFIG_(?:BUILD_SALT|MODULE_SIG_ALL|MODULE_SIG_KEY|SYSTEM_TRUSTED_KEYS)[ =].*\n/gm

const bootConfig = (config: Uint8Array): Uint8Array =>
  Buffer.from(Buffer.from(config).toString('latin1').replace(ONLY_FOR_BUILDS, ''), 'latin1')
