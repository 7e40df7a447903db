// Plans Ubuntu's kernels: finds the packages of their build trees in the archive's signed lists.

import { keepOf } from '../../archives/apt/archive.ts'
import type { AptPackage } from '../../archives/apt/packages.ts'
import { type Reading, refusalOf, suiteReader } from '../../archives/apt/suites.ts'
import { UBUNTU_KEYRING } from '../../archives/keys/ubuntu.ts'
import { ensureInput } from '../../inputs/inputs.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Arch } from '../../model/probe.ts'
import { certificatesIn, readOnce } from '../certificates.ts'
import type { HeadersPlan, HeadersPlanner, NamedKernel, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { fileOf, md5Of, ofPackages, otherConfig } from '../shared.ts'
import type { TargetSettings } from '../targets.ts'
import { headersWith, imageOf, kernelsIn, unameOf, uploadOf } from './choose.ts'
import { checkUbuntu, parseUbuntu } from './names.ts'
import { rankFor, suitesOf } from './suites.ts'
import { treeIn } from './tree.ts'

/** All packages that a plan can name. */
const KERNEL_PACKAGES = keepOf([], /^linux-(?:(?:[a-z0-9.-]+-)?headers-\d|image-(?:unsigned-)?\d)/)

/** Maximum number of configs that are compared with a host's: several releases may have the same ABI. */
const MAX_UPLOADS = 4

type Named = NamedKernel & { readonly upload?: string }

export function ubuntuPlanner(
  ports: PlannerPorts,
  { ubuntu }: Pick<TargetSettings, 'ubuntu'>,
): HeadersPlanner {
  const keys = [UBUNTU_KEYRING, ...ubuntu.keys]
  const certificates = readOnce(() => certificatesIn(keys, 'ubuntu.keys'))
  const keyring = keys.join('\n')
  const readerOf = (arch: Arch) =>
    suiteReader(ports, { whose: 'Ubuntu', suites: suitesOf(ubuntu, arch), keyring, keep: KERNEL_PACKAGES })
  const readers = {
    x86_64: readerOf('x86_64'),
    aarch64: readerOf('aarch64'),
  } as const satisfies Readonly<Record<Arch, unknown>>

  /** Finds the headers of the kernels that the name may mean, and returns all packages that were read. */
  async function look({ arch, kernelRelease, upload }: Named): Promise<Found> {
    const release = checkUbuntu({ kernelRelease, kernelVersion: upload ?? '1' })
    certificates()
    const reading = await readers[arch].read(arch, {
      rank: rankFor(kernelRelease, upload ?? ''),
      // Only an exact match ends the reading: `26` may also mean `26~22.04.1` of another release.
      decides: (archive) =>
        upload !== undefined && kernelsIn(archive, release, upload).some((pkg) => uploadOf(pkg) === upload),
    })
    return { reading, kernels: kernelsIn(reading.packages, release, upload) }
  }

  async function planOf(headers: AptPackage, { reading: { packages } }: Found): Promise<Planned> {
    const { config, ...tree } = await treeIn(ports, headers)
    const unameRelease = unameOf(headers)
    const all = headersWith(packages, headers)
    const image = imageOf(packages, headers)
    const plan: HeadersPlan = {
      ...{ tag: 'headers', kernelRelease: unameRelease, unameRelease, headers: all, image },
      ...tree,
    }
    return { plan, config }
  }

  async function plan(request: Named): Promise<HeadersPlan> {
    const found = await look(request)
    const [headers] = found.kernels
    if (headers === undefined) throw refusalOf(notFound(request), found.reading.unread)
    return { ...(await planOf(headers, found)).plan, kernelRelease: request.kernelRelease }
  }

  return {
    plan: ({ arch, kernelRelease, kernelVersion }) => plan({ arch, kernelRelease, upload: kernelVersion }),
    identify: async (asked) => {
      const { arch, unameRelease } = asked
      const request = { arch, kernelRelease: unameRelease }
      const found = await look(request)
      for (const headers of found.kernels.slice(0, MAX_UPLOADS)) {
        const { config } = await treeIn(ports, headers)
        if (md5Of(config) === asked.configMd5)
          return { kernelRelease: unameRelease, kernelVersion: uploadOf(headers) }
      }
      if (found.kernels.length === 0) throw refusalOf(notFound(request), found.reading.unread)
      throw otherConfig('Ubuntu', asked)
    },
    planPackages: async (asked) => {
      const { arch, unameRelease } = asked
      const wanted = asked.kernelUrls.map(fileOf)
      const own = wanted.find((file) => file.startsWith(`linux-headers-${unameRelease}_`))
      const upload = own?.split('_')[1]?.replace(/^[^-]*-\d+\./, '')
      if (upload === undefined || parseUbuntu(unameRelease) === undefined)
        throw headersNotFound(`none of the packages is Ubuntu's linux-headers-${unameRelease}`)
      return ofPackages('Ubuntu', await plan({ arch, kernelRelease: unameRelease, upload }), asked)
    },
    // Ubuntu's sources contain Canonical's changes, so none equals a kernel.org version.
    find: async () => [],
    bring: (pkg) => ensureInput(ports.inputs, ports.fetch, pkg),
    certificates,
  }
}

interface Found {
  readonly reading: Reading
  readonly kernels: readonly AptPackage[]
}

interface Planned {
  readonly plan: HeadersPlan
  readonly config: Uint8Array
}

const notFound = ({ kernelRelease, upload }: Named): ProbeError =>
  new ProbeError(
    'headers-not-found',
    `Ubuntu's archive has no headers of kernel ${kernelRelease}${upload === undefined ? '' : ` #${upload}`}: it was removed from the archive, is a mainline or ESM kernel, or is not in the suites that are configured. POST the kernel's config to /v1/probes, or upgrade the host to a kernel that the archive has.`,
  )
