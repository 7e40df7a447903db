// Whether a config is that of one of Debian's own kernels, and which.

import { createHash } from 'node:crypto'
import type { AptPackage } from '../../archives/apt/packages.ts'
import { newest } from '../../archives/apt/relations.ts'
import { fileInDeb } from '../../formats/deb.ts'
import { ensureInput } from '../../inputs/inputs.ts'
import { ProbeError } from '../../model/errors.ts'
import { inputKey } from '../../model/keys.ts'
import type { Fetch, Store } from '../../model/ports.ts'
import type { ConfigRequest, KernelName } from '../planner.ts'
import { MAX_CONFIG } from './compiler-text.ts'
import { canonicalRelease, isKernelHeaders, notFound, unameReleaseOf } from './headers.ts'

interface IdentifyPorts {
  readonly inputs: Store
  readonly fetch: Fetch
}

/** By the config that lies in the header package, as it stands there or under /boot. */
export async function identify(
  { inputs, fetch }: IdentifyPorts,
  archive: readonly AptPackage[],
  { unameRelease, configMd5 }: ConfigRequest,
): Promise<KernelName> {
  const headers = newest(archive.filter((p) => isKernelHeaders(p) && unameReleaseOf(p) === unameRelease))
  if (headers === undefined) throw notFound(unameRelease)
  await ensureInput(inputs, fetch, headers)
  const deb = await inputs.get(inputKey(headers.sha256), headers.bytes)
  const config = deb && (await fileInDeb(deb, `usr/src/${headers.name}/.config`, MAX_CONFIG))
  checkConfig(config, { unameRelease, configMd5 })
  return { kernelRelease: canonicalRelease(archive, headers), kernelVersion: '1' }
}

/** `config` is that of the header package. ProbeError `headers-not-found` where it is not the one that was asked for. */
export function checkConfig(
  config: Uint8Array | undefined,
  { unameRelease, configMd5 }: Pick<ConfigRequest, 'unameRelease' | 'configMd5'>,
): void {
  if (config !== undefined && [config, bootConfig(config)].some((known) => md5(known) === configMd5)) return
  throw new ProbeError(
    'headers-not-found',
    `the config of the distribution's kernel ${unameRelease} has not the md5 ${configMd5}: this host runs a kernel of its own`,
  )
}

/** What a host has under /boot: Debian's kernel packages leave out what only the build of the kernel used (debian/rules.real). */
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

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
