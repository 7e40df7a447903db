// Plans Arch's kernels from their header packages, which their packagers sign.

import * as z from 'zod'
import { orAway } from '../../archives/away.ts'
import { type ListedPacman, pacmanListed } from '../../archives/pacman/database.ts'
import { keepRecord, readRecord } from '../../archives/records.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { eachOf } from '../../model/each.ts'
import { ProbeError } from '../../model/errors.ts'
import { ARCHES, type Arch } from '../../model/probe.ts'
import { readOnce } from '../certificates.ts'
import type { HeadersPlanner, PlannerPorts } from '../planner.ts'
import { namedByUname, type PlanWithConfig } from '../shared.ts'
import type { SignedPorts } from '../signed-package.ts'
import type { TargetSettings } from '../targets.ts'
import { notFoundIn } from '../unread.ts'
import { archCertificates, watchedCertificates } from './keys.ts'
import { type ArchKernel, archKernel, checkArch } from './names.ts'
import { type Brought, bringPacman, imageOf, wantedOf } from './packages.ts'
import { type Candidate, candidates } from './places.ts'
import { readingOf, treeIn } from './tree.ts'

/** The packages of a kernel. They never change, so they are recorded and not searched again. */
const foundSchema = z.object({ headers: pacmanListed, image: pacmanListed.optional() })

export function archPlanner(
  ports: PlannerPorts,
  { arch: settings }: Pick<TargetSettings, 'arch'>,
  believed: (arch: Arch) => readonly Certificate[] = (arch) => archCertificates(arch, settings.keys),
): HeadersPlanner {
  const read = eachOf(ARCHES, (arch) => readOnce(() => believed(arch)))
  const portsFor = (arch: Arch): SignedPorts => ({ ...ports, certificates: read[arch]() })
  const places = JSON.stringify(settings)
  const recordOf = ({ arch, unameRelease }: ArchKernel): string => `arch 1 ${places} ${arch} ${unameRelease}`

  const bring = (kernel: ArchKernel, headers: Candidate['headers']): Promise<Brought> =>
    bringPacman(portsFor(kernel.arch), headers, readingOf(kernel.unameRelease))

  async function plan(kernel: ArchKernel): Promise<PlanWithConfig> {
    const record = await readRecord(ports.inputs, recordOf(kernel), foundSchema)
    const brought = record && (await orAway(bring(kernel, record.headers)))
    // If the stored package was deleted, and its URL does not have it any more, another place may have it.
    if (brought === undefined || brought instanceof ProbeError) return search(kernel)
    return planOf(kernel, brought, record?.image)
  }

  /** Takes the first place that has the headers. A package with a bad signature ends the search. */
  async function search(kernel: ArchKernel): Promise<PlanWithConfig> {
    const unread: ProbeError[] = []
    for await (const one of candidates(ports.fetch, settings, kernel)) {
      const found = one instanceof ProbeError ? one : await orAway(planAt(kernel, one))
      if (!(found instanceof ProbeError)) return found
      unread.push(found)
    }
    throw notFound(kernel, unread)
  }

  async function planAt(kernel: ArchKernel, candidate: Candidate): Promise<PlanWithConfig> {
    const brought = await bring(kernel, candidate.headers)
    return planOf(kernel, brought, await imageFor(kernel, candidate, brought))
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
    const found = kernel.hasImage ? await orAway(image(content.identity.built)) : undefined
    if (found instanceof ProbeError) {
      ports.log('no image', { image: kernel.name, why: found.message })
      return undefined
    }
    await keepRecord(ports.inputs, recordOf(kernel), { headers: listed, image: found })
    return found
  }

  return {
    ...namedByUname({
      ...{ whose: 'Arch Linux', kernelOf: archKernel, check: checkArch, plan },
      packages: /\.pkg\.tar\.[a-z]+$/,
    }),
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

const notFound = ({ name, versions, arch }: ArchKernel, unread: readonly ProbeError[]): ProbeError =>
  notFoundIn(
    `no mirror and no archive that is configured has ${name}-headers ${versions.join(' or ')} of Arch Linux for ${arch}`,
    unread,
    "POST the kernel's config to /v1/probes, or upgrade the host to a kernel that its archive has",
  )
