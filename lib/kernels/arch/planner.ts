// Plans Arch's kernels from their header packages, which their packagers sign.

import * as z from 'zod'
import { isAway } from '../../archives/away.ts'
import { type ListedPacman, pacmanListed } from '../../archives/pacman/database.ts'
import { keepRecord, readRecord } from '../../archives/records.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Arch } from '../../model/probe.ts'
import { readOnce } from '../certificates.ts'
import type { HeadersPlan, HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { identified, ofPackages } from '../shared.ts'
import type { TargetSettings } from '../targets.ts'
import { notRead } from '../unread.ts'
import { archCertificates, watchedCertificates } from './keys.ts'
import { type ArchKernel, archKernel, checkArch } from './names.ts'
import { type ArchPorts, type Brought, bringPacman, imageOf, wantedOf } from './packages.ts'
import { type Candidate, candidates } from './places.ts'
import { readingOf, treeIn } from './tree.ts'

/** The packages of a kernel. They never change, so they are recorded and not searched again. */
const foundSchema = z.object({ headers: pacmanListed, image: pacmanListed.optional() })

type PlanWithConfig = HeadersPlan & { readonly config: Uint8Array }

export function archPlanner(
  ports: PlannerPorts,
  { arch: settings }: Pick<TargetSettings, 'arch'>,
  believed: (arch: Arch) => readonly Certificate[] = (arch) => archCertificates(arch, settings.keys),
): HeadersPlanner {
  const read = { x86_64: readOnce(() => believed('x86_64')), aarch64: readOnce(() => believed('aarch64')) }
  const portsFor = (arch: Arch): ArchPorts => ({ ...ports, certificates: read[arch]() })
  const places = JSON.stringify(settings)
  const recordOf = ({ arch, unameRelease }: ArchKernel): string => `arch 1 ${places} ${arch} ${unameRelease}`

  const bring = (kernel: ArchKernel, headers: Candidate['headers']): Promise<Brought> =>
    bringPacman(portsFor(kernel.arch), headers, readingOf(kernel.unameRelease))

  async function plan(kernel: ArchKernel): Promise<PlanWithConfig> {
    const record = await readRecord(ports.inputs, recordOf(kernel), foundSchema)
    if (record === undefined) return search(kernel)
    try {
      return planOf(kernel, await bring(kernel, record.headers), record.image)
    } catch (error) {
      // The stored package was deleted, and its URL does not have it any more: another place may have it.
      if (isAway(error)) return search(kernel)
      throw error
    }
  }

  /** Takes the first place that has the headers. A package with a bad signature ends the search. */
  async function search(kernel: ArchKernel): Promise<PlanWithConfig> {
    const unread: ProbeError[] = []
    for await (const one of candidates(ports.fetch, settings, kernel)) {
      if (one instanceof ProbeError) {
        unread.push(one)
        continue
      }
      try {
        const brought = await bring(kernel, one.headers)
        return planOf(kernel, brought, await imageFor(kernel, one, brought))
      } catch (error) {
        if (!isAway(error)) throw error
        unread.push(error)
      }
    }
    throw notFound(kernel, unread)
  }

  /**
   * Finds the kernel's image, and records both packages. If a list could not be read, records nothing: this
   * plan has no image, and the next plan searches again.
   */
  async function imageFor(
    kernel: ArchKernel,
    { image }: Candidate,
    { listed, content }: Brought,
  ): Promise<ListedPacman | undefined> {
    try {
      const found = kernel.hasImage ? await image(content.identity.built) : undefined
      await keepRecord(ports.inputs, recordOf(kernel), { headers: listed, image: found })
      return found
    } catch (error) {
      if (!isAway(error)) throw error
      ports.log('no image', { image: kernel.name, why: error.message })
      return undefined
    }
  }

  return {
    plan: async (request) => plan(checkArch(request)),
    identify: async (asked) => {
      const { config } = await plan(checkArch({ kernelRelease: asked.unameRelease, arch: asked.arch }))
      return identified('Arch Linux', config, asked)
    },
    planPackages: async (asked) => {
      const kernel = archKernel(asked.unameRelease, asked.arch)
      if (kernel === undefined || !asked.kernelUrls.every((url) => /\.pkg\.tar\.[a-z]+$/.test(url)))
        throw headersNotFound(`${asked.unameRelease} is not the \`uname -r\` of a kernel of Arch Linux`)
      const { config: _, ...found } = await plan(kernel)
      return ofPackages('Arch Linux', found, asked)
    },
    // Arch has no packages of kernel sources.
    find: async () => [],
    bring: async (pkg) => {
      const wanted = wantedOf(pkg)
      await bringPacman(portsFor(wanted.arch === 'aarch64' ? 'aarch64' : 'x86_64'), wanted)
    },
    certificates: () => watchedCertificates(settings.keys),
  }
}

const planOf = (
  { unameRelease }: ArchKernel,
  brought: Brought,
  image: ListedPacman | undefined,
): PlanWithConfig => ({
  tag: 'headers',
  kernelRelease: unameRelease,
  unameRelease,
  headers: [brought.pkg],
  ...treeIn(brought, unameRelease),
  image: image && imageOf(image),
})

function notFound({ name, versions, arch }: ArchKernel, unread: readonly ProbeError[]): ProbeError {
  const what = `no mirror and no archive that is configured has ${name}-headers ${versions.join(' or ')} of Arch Linux for ${arch}`
  const away = unread.filter(({ code }) => code === 'mirror-unreachable')
  return new ProbeError(
    away.length === 0 ? 'headers-not-found' : 'mirror-unreachable',
    `${what}.${notRead(away)} POST the kernel's config to /v1/probes, or upgrade the host to a kernel that its archive has`,
  )
}
