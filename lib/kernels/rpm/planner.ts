// Plans of kernels that come as rpms: the package of a kernel's headers, found in a list and believed for its own signature.

import { createHash } from 'node:crypto'
import { fetchRpms, type KeepRpm, type ListedRpm } from '../../archives/rpm/primary.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { HeadersPlan, HeadersPlanner, PlannerPorts } from '../planner.ts'
import { notRead } from '../unread.ts'
import { companionsOf, headersIn, imageIn, wantedOf } from './choose.ts'
import { certificatesOf } from './keys.ts'
import { bringRpm, type RpmPorts } from './packages.ts'
import { basesFor, checkedKernel, kernelOf, type RpmKernel, type RpmRow } from './row.ts'
import { RPM_ROWS, type RpmTarget } from './rows.ts'
import type { RpmSettings } from './target.ts'
import { treeIn } from './tree.ts'

/** What is kept of a list: kernels, by whatever names their distributions give them. */
const KERNELS: KeepRpm = { id: 'kernels 1', test: (name) => /^(?:kernel|linux)(?:\d|-|$)/.test(name) }

/** A list of mirrors is a few lines. */
const MAX_MIRRORS = 64 * 1024
/** Lists read at one time. */
const AT_ONCE = 4

interface RpmPlannerOptions {
  readonly target: RpmTarget
  readonly settings: RpmSettings
  /** absent: its distribution's, and those of the settings */
  readonly certificates?: () => readonly Certificate[]
}

export function rpmPlanner(
  ports: PlannerPorts & Pick<RpmPorts, 'query'>,
  { target, settings, certificates = certificatesOf(target, settings.keys) }: RpmPlannerOptions,
): HeadersPlanner {
  const row: RpmRow = RPM_ROWS[target]
  /** The package of that name and version; first the current repositories, then those of the past, a few at a time. */
  async function lists(
    own: RpmPorts,
    kernel: RpmKernel,
    found: (list: readonly ListedRpm[]) => boolean,
  ): Promise<Lists> {
    const bases = basesFor(settings.places, kernel)
    if (bases.length === 0) throw noPlace(target, row, kernel)
    if (own.certificates.length === 0) throw noKey(target)
    const read = listReader({ ...own, lists: settings.lists })
    const packages: ListedRpm[] = []
    const unread: ProbeError[] = []
    for (let at = 0; at < bases.length; at += AT_ONCE) {
      for (const one of await Promise.all(bases.slice(at, at + AT_ONCE).map(read))) {
        if (one.tag === 'read') packages.push(...one.packages)
        else unread.push(one.error)
      }
      if (found(packages)) break
    }
    return { packages, unread }
  }

  async function plan(kernel: RpmKernel): Promise<HeadersPlan & { readonly config: Uint8Array }> {
    const own = { ...ports, certificates: certificates() }
    const { packages, unread } = await lists(
      own,
      kernel,
      (list) => headersIn(row, list, kernel) !== undefined,
    )
    const headers = headersIn(row, packages, kernel)
    if (headers === undefined) throw notFound(target, row, kernel, unread)
    const brought = await bringRpm(own, wantedOf(headers))
    const needed = await Promise.all(
      companionsOf(packages, headers).map(async (one) => (await bringRpm(own, wantedOf(one))).pkg),
    )
    const built = await treeIn(brought.rpm, kernel.unameRelease)
    return {
      tag: 'headers',
      kernelRelease: kernel.unameRelease,
      unameRelease: kernel.unameRelease,
      headers: [...needed, brought.pkg],
      ...built,
      image: imageIn(row, packages, kernel, target),
    }
  }

  return {
    plan: async (request) => plan(checkedKernel(row, target, request)),
    identify: async ({ unameRelease, arch, configMd5 }) => {
      const { config } = await plan(checkedKernel(row, target, { kernelRelease: unameRelease, arch }))
      if (createHash('md5').update(config).digest('hex') === configMd5)
        return { kernelRelease: unameRelease, kernelVersion: '1' }
      throw new ProbeError('headers-not-found', `${target}'s kernel ${unameRelease} has another config`)
    },
    planPackages: async ({ arch, unameRelease, kernelRelease, kernelUrls }) => {
      const kernel = kernelOf(row, unameRelease, arch)
      if (kernel === undefined || !kernelUrls.every((url) => url.endsWith('.rpm')))
        throw new ProbeError('headers-not-found', `no kernel of ${target} calls itself ${unameRelease}`)
      const { config, ...found } = await plan(kernel)
      const files = [...found.headers.map(({ url }) => fileOf(url))]
      if (kernelUrls.every((url) => files.includes(fileOf(url)))) return { ...found, kernelRelease }
      throw new ProbeError(
        'headers-not-found',
        `${target} builds ${unameRelease} of ${files.join(' and ')}, and of nothing else`,
      )
    },
    // None of them has a kernel's source as a package that could be built from.
    find: async () => [],
    bring: async (pkg) => void (await bringRpm({ ...ports, certificates: certificates() }, pkg)),
    certificates,
  }
}

interface Lists {
  readonly packages: readonly ListedRpm[]
  readonly unread: readonly ProbeError[]
}

type OneList =
  | { readonly tag: 'read'; readonly packages: readonly ListedRpm[] }
  | { readonly tag: 'unread'; readonly error: ProbeError }

/** A repository that is not there, or out of reach, fails no kernel that another one has. */
function listReader(ports: RpmPorts & { readonly lists: 'signed' | 'unsigned' }) {
  return async (base: string): Promise<OneList> => {
    try {
      const place = base.endsWith('mirror.list') ? await firstMirror(ports, base) : base
      return { tag: 'read', packages: await fetchRpms(ports, { base: place, lists: ports.lists }, KERNELS) }
    } catch (error) {
      if (isProbeError(error, 'not-found') || isProbeError(error, 'mirror-unreachable'))
        return { tag: 'unread', error }
      throw error
    }
  }
}

/** Amazon's: a URL a line, the last one without an end, each with a slash at its end or without. */
async function firstMirror({ fetch }: RpmPorts, url: string): Promise<string> {
  const body = await fetch(url, { maxBytes: MAX_MIRRORS })
  const [first] = new TextDecoder().decode(body).split('\n')
  const base = first?.trim().replace(/\/$/, '') ?? ''
  if (/^https?:\/\/[^\s]+$/.test(base)) return base
  throw new ProbeError('mirror-unreachable', `${url} is not a list of mirrors`)
}

const fileOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

function noPlace(target: string, { entitled }: RpmRow, { unameRelease }: RpmKernel): ProbeError {
  const what = `no repository is known for kernel ${unameRelease} of ${target}`
  return new ProbeError(
    'headers-not-found',
    entitled === undefined
      ? `${what}: have the operator name one in ${target}.places of the settings, or POST the kernel's config to /v1/probes`
      : `${what}: ${entitled}. Have the operator name a mirror in ${target}.places of the settings, or POST the kernel's config to /v1/probes`,
  )
}

const noKey = (target: string): ProbeError =>
  new ProbeError(
    'headers-not-found',
    `no key of ${target}'s packages is configured, and the registry trusts no other: ask the operator to add it to ${target}.keys of the settings, or POST the kernel's config to /v1/probes`,
  )

function notFound(target: string, row: RpmRow, kernel: RpmKernel, unread: readonly ProbeError[]): ProbeError {
  const what = `no configured repository has ${row.headers(kernel).join(' or ')} ${kernel.version}-${kernel.release} of ${target}`
  const unreachable = unread.filter(({ code }) => code === 'mirror-unreachable')
  return new ProbeError(
    unreachable.length === 0 ? 'headers-not-found' : 'mirror-unreachable',
    `${what}.${notRead(unreachable)} POST the kernel's config to /v1/probes, or upgrade the host to a kernel that its repositories have`,
  )
}
