// Plans Ubuntu's kernels: finds the packages of their build trees in the archive's signed lists.

import { keepOf } from '../../archives/apt/archive.ts'
import { refusalOf, suiteReader } from '../../archives/apt/suites.ts'
import { UBUNTU_KEYRING } from '../../archives/keys/ubuntu.ts'
import { eachOf } from '../../model/each.ts'
import type { ProbeError } from '../../model/errors.ts'
import { ARCHES } from '../../model/probe.ts'
import { certificatesIn, readOnce } from '../certificates.ts'
import { unameOf } from '../deb.ts'
import type { HeadersPlan, HeadersPlanner, NamedKernel, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { fileOf, md5Of, ofPackages, otherConfig } from '../shared.ts'
import type { TargetSettings } from '../targets.ts'
import { headersWith, imageOf, kernelsIn, uploadOf } from './choose.ts'
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
  const readers = eachOf(ARCHES, (arch) =>
    suiteReader(ports, { whose: 'Ubuntu', suites: suitesOf(ubuntu, arch), keyring, keep: KERNEL_PACKAGES }),
  )

  /** Finds the headers of the kernels that the name may mean, and returns all packages that were read. */
  async function look(request: Named) {
    const { arch, kernelRelease, upload } = request
    const release = checkUbuntu({ kernelRelease, kernelVersion: upload ?? '1' })
    certificates()
    const { packages, unread } = await readers[arch].read(arch, {
      rank: rankFor(kernelRelease, upload ?? ''),
      // Only an exact match ends the reading: `26` may also mean `26~22.04.1` of another release.
      decides: (archive) =>
        upload !== undefined && kernelsIn(archive, release, upload).some((pkg) => uploadOf(pkg) === upload),
    })
    const [headers, ...others] = kernelsIn(packages, release, upload)
    if (headers === undefined) throw refusalOf(notFound(request), unread)
    return { packages, headers, others }
  }

  async function plan(request: Named): Promise<HeadersPlan> {
    const { packages, headers } = await look(request)
    return {
      ...{ tag: 'headers', kernelRelease: request.kernelRelease, unameRelease: unameOf(headers) },
      ...(await treeIn(ports, headers)),
      headers: headersWith(packages, headers),
      image: imageOf(packages, headers),
    }
  }

  return {
    plan: ({ arch, kernelRelease, kernelVersion }) => plan({ arch, kernelRelease, upload: kernelVersion }),
    identify: async (asked) => {
      const { arch, unameRelease: kernelRelease } = asked
      const { headers, others } = await look({ arch, kernelRelease })
      for (const one of [headers, ...others].slice(0, MAX_UPLOADS)) {
        const { config } = await treeIn(ports, one)
        if (md5Of(config) === asked.configMd5) return { kernelRelease, kernelVersion: uploadOf(one) }
      }
      throw otherConfig('Ubuntu', asked)
    },
    planPackages: async (asked) => {
      const { arch, unameRelease: kernelRelease } = asked
      const wanted = asked.kernelUrls.map(fileOf)
      const own = wanted.find((file) => file.startsWith(`linux-headers-${kernelRelease}_`))
      const version = own?.split('_')[1]
      if (version === undefined || parseUbuntu(kernelRelease) === undefined)
        throw headersNotFound(`none of the packages is Ubuntu's linux-headers-${kernelRelease}`)
      return ofPackages('Ubuntu', await plan({ arch, kernelRelease, upload: uploadOf({ version }) }), asked)
    },
    certificates,
  }
}

const notFound = ({ kernelRelease, upload }: Named): ProbeError =>
  headersNotFound(
    `Ubuntu's archive has no headers of kernel ${kernelRelease}${upload === undefined ? '' : ` #${upload}`}: it was removed from the archive, is a mainline or ESM kernel, or is not in the suites that are configured. POST the kernel's config to /v1/probes, or upgrade the host to a kernel that the archive has.`,
  )
