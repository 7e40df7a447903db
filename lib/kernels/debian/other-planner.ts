// Plans of kernels of the distributions that call themselves Debian, each out of its own archive, by its own keys.

import type { AptPackage } from '../../archives/apt/packages.ts'
import { satisfying } from '../../archives/apt/relations.ts'
import { DPKG_ARCH } from '../../archives/apt/suite.ts'
import { refusalOf, suiteReader } from '../../archives/apt/suites.ts'
import { compareVersions } from '../../archives/apt/version.ts'
import { PROXMOX_KEYS } from '../../archives/keys/proxmox.ts'
import { RASPBERRYPI_KEYS } from '../../archives/keys/raspberrypi.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { compilerIn } from '../built-by.ts'
import { certificatesIn } from '../certificates.ts'
import type { HeadersPlan, HeadersPlanner, PlannerPorts } from '../planner.ts'
import { buildPackagesOf } from './headers.ts'
import { checkConfig } from './identify.ts'
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
import { fileOf } from './planner.ts'
import { treeConfigs } from './tree-configs.ts'

const KEYS: Readonly<Record<OtherName, string>> = { raspberrypi: RASPBERRYPI_KEYS, proxmox: PROXMOX_KEYS }

export type OtherPlanner = Omit<HeadersPlanner, 'find' | 'bring'>

/** A kernel with its packages, and the config of its tree. */
interface Found extends HeadersPlan {
  readonly config: Uint8Array
}

/** The archive's lists are asked for when one of its own kernels is, and only then. */
export function otherPlanner(
  ports: PlannerPorts,
  other: OtherName,
  { keys, suites, ...place }: OtherSettings,
): OtherPlanner {
  const { arch } = OTHERS[other]
  const keyring = [KEYS[other], ...keys]
  const certificates = () => certificatesIn(keyring, `debian.${other}.keys`)
  const { read } = suiteReader(ports, {
    whose: OTHERS[other].title,
    suites: suites.map((suite) => ({ ...place, suite })),
    keyring: keyring.join('\n'),
    keep: OTHER_PACKAGES,
  })
  const find = async (kernelRelease: string): Promise<Found> => {
    certificates()
    const { packages, unread } = await read(arch)
    try {
      return await (kernelRelease.endsWith('+')
        ? inSharedHeaders(ports, packages, other, kernelRelease)
        : inOwnHeaders(ports, packages, other, kernelRelease))
    } catch (error) {
      throw isProbeError(error, 'headers-not-found') ? refusalOf(error, unread) : error
    }
  }
  return {
    plan: async (request) => {
      checkDebian(request)
      checkMachine(ports, other)
      const { config: _, ...plan } = await find(request.kernelRelease)
      return plan
    },
    identify: async (request) => {
      checkMachine(ports, other)
      const { config, kernelRelease } = await find(request.unameRelease)
      checkConfig(config, request)
      return { kernelRelease, kernelVersion: '1' }
    },
    planPackages: async ({ unameRelease, kernelRelease, kernelUrls }) => {
      checkMachine(ports, other)
      const { config: _, ...plan } = await find(unameRelease)
      const files = plan.headers.map(({ url }) => fileOf(url))
      if (kernelUrls.every((url) => files.includes(fileOf(url)))) return { ...plan, kernelRelease }
      throw new ProbeError(
        'headers-not-found',
        `${OTHERS[other].title} builds ${unameRelease} of ${files.join(' and ')}, and of nothing else`,
      )
    },
    certificates,
  }
}

/** A build tree holds programs that run on the machine of the build, and these archives have them for one architecture. */
function checkMachine({ machines }: PlannerPorts, other: OtherName): void {
  const { arch, title } = OTHERS[other]
  const machine = machines?.[arch] ?? arch
  if (machine === arch) return
  throw new ProbeError(
    'headers-not-found',
    `${title} publishes the build programs of its kernels for ${DPKG_ARCH[arch]} only, and this registry builds for ${arch} on ${machine} machines, which cannot run them: ask the operator to set build.machines.${arch} of the settings to ${arch}, where there are such machines, or build the probe on one with \`probe-registry build\``,
  )
}

async function inOwnHeaders(
  ports: PlannerPorts,
  archive: readonly AptPackage[],
  other: OtherName,
  kernelRelease: string,
): Promise<Found> {
  const headers = otherHeadersOf(archive, other, kernelRelease)
  const unameRelease = unameOf(other, headers) ?? ''
  const tree = treeOf(unameRelease)
  const config = (await treeConfigs(ports, headers, (found) => found === tree)).get(tree)
  if (config === undefined)
    throw new ProbeError('headers-not-found', `${headers.name} ${headers.version} holds no ${tree}/.config`)
  const needed = buildPackagesOf(headers).map((dependency) => satisfying(archive, dependency, headers))
  return {
    tag: 'headers',
    kernelRelease: otherCanonical(archive, other, headers),
    unameRelease,
    headers: [...needed, headers],
    tree,
    image: otherImageOf(archive, headers, unameRelease),
    config,
    // By the kernel's own word: not every one of these packages depends on its compiler.
    ...compilerIn(config, undefined, unameRelease),
  }
}

/** Looked into, as no list says which kernels it is for. What boots is no vmlinuz: there is no image. */
async function inSharedHeaders(
  ports: PlannerPorts,
  archive: readonly AptPackage[],
  other: OtherName,
  unameRelease: string,
): Promise<Found> {
  const tree = treeOf(unameRelease)
  const shared = archive
    .filter(({ name }) => name === SHARED_HEADERS)
    .toSorted((a, b) => compareVersions(b.version, a.version))
  for (const headers of shared) {
    const config = (await treeConfigs(ports, headers)).get(tree)
    if (config !== undefined)
      return {
        tag: 'headers',
        kernelRelease: unameRelease,
        unameRelease,
        headers: [headers],
        tree,
        config,
        ...compilerIn(config, undefined, unameRelease),
      }
  }
  throw notInArchive(other, unameRelease)
}

const treeOf = (unameRelease: string): string => `usr/src/linux-headers-${unameRelease}`
