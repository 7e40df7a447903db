// Plans Flatcar's kernels from kernel.org's source and the release's signed config.

import { orAway } from '../../archives/away.ts'
import { FLATCAR_KEYS } from '../../archives/keys/flatcar.ts'
import { keepInput } from '../../inputs/inputs.ts'
import { neutralize } from '../../kconfig/neutralize.ts'
import { printKconfig } from '../../kconfig/print.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { KernelImage } from '../../model/probe.ts'
import { certificatesIn, readOnce } from '../certificates.ts'
import type { Planner, PlannerPorts, SourceKernel, SourcePlan } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { namedByProbe } from '../shared.ts'
import { notFoundIn } from '../unread.ts'
import { checkLoads, kernelOfRelease } from './kernel.ts'
import { channelsFor, type FlatcarRelease, flatcarRelease } from './names.ts'
import { readSignedFile, type SignedFilePorts, signedFile } from './signed-file.ts'
import type { FlatcarSettings } from './target.ts'

const CONFIG = { name: 'flatcar_production_image_kernel_config.txt', maxBytes: 4 * 1024 * 1024 }
const PACKAGES = { name: 'flatcar_production_image_packages.txt', maxBytes: 1024 * 1024 }
/** The image includes its initramfs, and has 60 MB. */
const IMAGE = { name: 'flatcar_production_pxe.vmlinuz', maxBytes: 256 * 1024 * 1024 }

interface FlatcarPorts extends Omit<SignedFilePorts, 'certificates'>, Pick<PlannerPorts, 'images'> {
  readonly fromSource: (kernel: SourceKernel) => Promise<SourcePlan>
}

export function flatcarPlanner(
  ports: FlatcarPorts,
  { flatcar }: { readonly flatcar: FlatcarSettings },
): Planner {
  const certificates = readOnce(() => certificatesIn([FLATCAR_KEYS, ...flatcar.keys], 'flatcar.keys'))
  return {
    plan: async (request) => {
      const release = flatcarRelease(request)
      const own = { ...ports, certificates: certificates() }
      const { folder, configFrom, ...texts } = await releaseFiles(own, flatcar, release)
      const kernel = kernelOfRelease(release, texts)
      checkLoads(release, kernel, request.kind)
      const body = new TextEncoder().encode(printKconfig(neutralize(kernel.config).config))
      const [plan, image] = await Promise.all([
        ports.fromSource({
          ...kernel,
          ...{ arch: release.arch, kernelRelease: release.version },
          config: { sha256: await keepInput(ports.inputs, body), bytes: body.length },
        }),
        ports.images === false ? undefined : imageOf(own, release, folder),
      ])
      return { ...plan, configFrom, image }
    },
    ...namedByProbe((unameRelease) =>
      headersNotFound(`${unameRelease} does not say which release of Flatcar has that kernel`),
    ),
    certificates,
  }
}

const BOARDS = { x86_64: 'amd64-usr', aarch64: 'arm64-usr' } as const

/** Reads the files from the first channel that has the release; skips channels that cannot be reached. */
async function releaseFiles(ports: SignedFilePorts, { channels }: FlatcarSettings, release: FlatcarRelease) {
  const unread: ProbeError[] = []
  for (const channel of channelsFor(release)) {
    const folder = `${channels[channel]}/${BOARDS[release.arch]}/${release.version}`
    const read = (file: typeof CONFIG) => readSignedFile(ports, { release, folder, ...file })
    const files = await orAway(Promise.all([read(CONFIG), read(PACKAGES)]))
    if (!(files instanceof ProbeError)) {
      const [config, packages] = files
      const texts = { config: textOf(config.body), packages: textOf(packages.body) }
      return { folder, configFrom: config.source, ...texts }
    }
    unread.push(files)
  }
  throw notFound(release, unread)
}

const textOf = (body: Uint8Array): string => Buffer.from(body).toString('latin1')

const notFound = ({ version, arch }: FlatcarRelease, unread: readonly ProbeError[]): ProbeError =>
  notFoundIn(
    `no channel of Flatcar that is configured has the kernel config of release ${version} (${arch})`,
    unread,
    "POST the host's own config to /v1/probes, or have the operator name a mirror in flatcar.channels of the settings",
  )

/** Without an image, the probe is built all the same, but published without a load test. */
async function imageOf(
  ports: SignedFilePorts,
  release: FlatcarRelease,
  folder: string,
): Promise<KernelImage | undefined> {
  try {
    const { source, bytes } = await signedFile(ports, { release, folder, ...IMAGE })
    return { ...source, bytes, format: 'vmlinuz' }
  } catch (error) {
    if (!isProbeError(error)) throw error
    ports.log('no image', { image: `${IMAGE.name} ${release.version}`, why: error.message })
    return undefined
  }
}
