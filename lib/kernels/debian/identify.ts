// Finds the Debian kernel that has a config.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { newest } from '../../archives/apt/relations.ts'
import { fileInDeb } from '../../formats/deb.ts'
import { bytesOf, type InputPorts } from '../kept.ts'
import type { ConfigRequest, KernelName } from '../planner.ts'
import { md5Of, otherConfig } from '../shared.ts'
import { MAX_CONFIG } from './compiler-text.ts'
import { canonicalRelease, isKernelHeaders, notFound, unameReleaseOf } from './headers.ts'

/** Compares the config in the header package, in its own form and in the form under /boot. */
export async function identify(
  ports: InputPorts,
  archive: readonly AptPackage[],
  { unameRelease, configMd5 }: ConfigRequest,
): Promise<KernelName> {
  const headers = newest(archive.filter((p) => isKernelHeaders(p) && unameReleaseOf(p) === unameRelease))
  if (headers === undefined) throw notFound(unameRelease)
  const config = await fileInDeb(await bytesOf(ports, headers), `usr/src/${headers.name}/.config`, MAX_CONFIG)
  checkConfig(config, { unameRelease, configMd5 })
  return { kernelRelease: canonicalRelease(archive, headers), kernelVersion: '1' }
}

/**
 * `config`: from the header package.
 * @throws {ProbeError} `headers-not-found` if it is not the requested config.
 */
export function checkConfig(
  config: Uint8Array | undefined,
  asked: Pick<ConfigRequest, 'unameRelease' | 'configMd5'>,
): void {
  if (config !== undefined && [config, bootConfig(config)].some((known) => md5Of(known) === asked.configMd5))
    return
  throw otherConfig('the distribution', asked)
}

/**
 * The config under /boot: Debian's kernel packages leave out options that only the kernel's build uses
 * (debian/rules.real).
 */
const bootConfig = (config: Uint8Array): Uint8Array =>
  Buffer.from(
    Buffer.from(config)
      .toString('latin1')
      .replace(
        /^(?:# )?CONFIG_(?:BUILD_SALT|MODULE_SIG_ALL|MODULE_SIG_KEY|SYSTEM_TRUSTED_KEYS)[ =].*\n/gm,
        '',
      ),
    'latin1',
  )
