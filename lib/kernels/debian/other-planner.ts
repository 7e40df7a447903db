// Plans kernels of other distributions that call themselves Debian. Each has its own archive and keys.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { satisfying } from '../../archives/apt/relations.ts'
import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import { lookIn, suiteReader } from '../../archives/apt/suites.ts'
import { PROXMOX_KEYS } from '../../archives/keys/proxmox.ts'
import { RASPBERRYPI_KEYS } from '../../archives/keys/raspberrypi.ts'
import { compilerIn } from '../built-by.ts'
import { certificatesIn } from '../certificates.ts'
import { versionsOf } from '../deb.ts'
import type { HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { ofPackages, type PlanWithConfig } from '../shared.ts'
import { checkConfig } from './config.ts'
import { buildPackagesOf } from './headers.ts'
import { checkDebian } from './names.ts'
import {
  notInArchive,
  OTHER_PACKAGES,
  otherCanonical,
  otherHeadersOf,
  otherImageOf,
  SHARED_HEADERS,
  unameOf,
} from './other-headers.ts'
import { OTHERS, type OtherName, type OtherSettings } from './others.ts'
import { treeConfigs } from './tree-configs.ts'

const KEYS: Readonly<Record<OtherName, string>> = { raspberrypi: RASPBERRYPI_KEYS, proxmox: PROXMOX_KEYS }

/** Reads the archive's lists only when a kernel of this distribution is requested. */
export function otherPlanner(
  ports: PlannerPorts,
  other: OtherName,
  { keys, suites, ...place }: OtherSettings,
): HeadersPlanner {
  const { arch } = OTHERS[other]
  const keyring = [KEYS[other], ...keys]
  const certificates = () => certificatesIn(keyring, `debian.${other}.keys`)
  const { read } = suiteReader(ports, {
    whose: OTHERS[other].title,
    suites: suites.map((suite) => ({ ...place, suite })),
    keyring: keyring.join('\n'),
    keep: OTHER_PACKAGES,
  })
  const find = async (kernelRelease: string): Promise<PlanWithConfig> => {
    checkMachine(ports, other)
    certificates()
    const look = kernelRelease.endsWith('+') ? inSharedHeaders : inOwnHeaders
    return lookIn(await read(arch), (archive) => look({ ports, archive, other }, kernelRelease))
  }
  return {
    plan: async (request) => {
      checkDebian(request)
      return find(request.kernelRelease)
    },
    identify: async (request) => {
      const { config, kernelRelease } = await find(request.unameRelease)
      checkConfig(config, request)
      return { kernelRelease, kernelVersion: '1' }
    },
    planPackages: async (request) =>
      ofPackages(OTHERS[other].title, await find(request.unameRelease), request),
    certificates,
  }
}

/** A build tree contains programs for the build machine, and these archives have those of one architecture. */
function checkMachine({ machines }: PlannerPorts, other: OtherName): void {
  const { arch, title } = OTHERS[other]
  const machine = machines?.[arch] ?? arch
  if (machine === arch) return
  throw headersNotFound(
    `${title} publishes the build programs of its kernels for ${DPKG_ARCH[arch]} only, and this registry builds for ${arch} on ${machine} machines, which cannot run them: ask the operator to set build.machines.${arch} of the settings to ${arch}, where there are such machines, or build the probe on one with \`probe-registry build\``,
  )
}

interface Archive {
  readonly ports: PlannerPorts
  readonly archive: readonly AptPackage[]
  readonly other: OtherName
}

async function inOwnHeaders(
  { ports, archive, other }: Archive,
  kernelRelease: string,
): Promise<PlanWithConfig> {
  const headers = otherHeadersOf(archive, other, kernelRelease)
  const unameRelease = unameOf(other, headers) ?? ''
  const tree = treeOf(unameRelease)
  const config = (await treeConfigs(ports, headers, (found) => found === tree)).get(tree)
  if (config === undefined)
    throw headersNotFound(`${headers.name} ${headers.version} holds no ${tree}/.config`)
  const needed = buildPackagesOf(headers).map((dependency) => satisfying(archive, dependency, headers))
  return {
    ...foundOf(unameRelease, config, [...needed, headers]),
    kernelRelease: otherCanonical(archive, other, headers),
    image: otherImageOf(archive, headers, unameRelease),
  }
}

/** Reads the package, because no list names its kernels. These machines do not boot a vmlinuz: no image. */
async function inSharedHeaders(
  { ports, archive, other }: Archive,
  unameRelease: string,
): Promise<PlanWithConfig> {
  for (const headers of versionsOf(archive, SHARED_HEADERS)) {
    const config = (await treeConfigs(ports, headers)).get(treeOf(unameRelease))
    if (config !== undefined) return foundOf(unameRelease, config, [headers])
  }
  throw notInArchive(other, unameRelease)
}

const foundOf = (
  unameRelease: string,
  config: Uint8Array,
  headers: readonly AptPackage[],
): PlanWithConfig => ({
  ...{ tag: 'headers', kernelRelease: unameRelease, unameRelease, headers, config },
  tree: treeOf(unameRelease),
  // Taken from the config, because not all of these packages depend on their compiler.
  ...compilerIn(config, undefined, unameRelease),
})

const treeOf = (unameRelease: string): string => `usr/src/linux-headers-${unameRelease}`
