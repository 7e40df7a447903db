// Plans kernels that come as rpms: finds the header package in a list, and trusts it by its own signature.

import { orAway } from '../../archives/away.ts'
import type { Keep } from '../../archives/records.ts'
import { fetchRpms, type ListedRpm } from '../../archives/rpm/primary.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { ProbeError } from '../../model/errors.ts'
import { readOnce } from '../certificates.ts'
import type { HeadersPlan, HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { identified, ofPackages } from '../shared.ts'
import { notRead } from '../unread.ts'
import { companionsOf, headersIn, imageIn, wantedOf } from './choose.ts'
import { certificatesFor } from './keys.ts'
import { bringRpm, type RpmPorts } from './packages.ts'
import { basesFor, checkedKernel, kernelOf, type RpmKernel, type RpmRow } from './row.ts'
import { RPM_ROWS, type RpmTarget } from './rows.ts'
import type { RpmSettings } from './target.ts'
import { treeIn } from './tree.ts'

/** Packages of a list that are recorded: kernels, under the names of all distributions. */
const KERNELS: Keep = { id: 'kernels 1', test: (name) => /^(?:kernel|linux)(?:\d|-|$)/.test(name) }

/** Bytes; a list of mirrors has a few lines. */
const MAX_MIRRORS = 64 * 1024
/** Lists that are read in parallel. */
const AT_ONCE = 4

interface RpmPlannerOptions {
  readonly target: RpmTarget
  readonly settings: RpmSettings
  /** default: the keys of the distribution and of the settings */
  readonly certificates?: () => readonly Certificate[]
}

export function rpmPlanner(
  ports: PlannerPorts & Pick<RpmPorts, 'query'>,
  {
    target,
    settings,
    certificates = readOnce(() => certificatesFor(target, settings.keys)),
  }: RpmPlannerOptions,
): HeadersPlanner {
  const row: RpmRow = RPM_ROWS[target]
  /** Reads a few repositories at a time, in the order of the places, until the headers are found. */
  async function lists(own: RpmPorts, kernel: RpmKernel): Promise<Lists> {
    const bases = basesFor(settings.places, kernel)
    if (bases.length === 0) throw noPlace(target, row, kernel)
    if (own.certificates.length === 0) throw noKey(target)
    const read = listReader({ ...own, lists: settings.lists })
    const packages: ListedRpm[] = []
    const unread: ProbeError[] = []
    for (let at = 0; at < bases.length; at += AT_ONCE) {
      for (const one of await Promise.all(bases.slice(at, at + AT_ONCE).map(read))) {
        if (one instanceof ProbeError) unread.push(one)
        else packages.push(...one)
      }
      const headers = headersIn(row, packages, kernel)
      if (headers !== undefined) return { packages, headers }
    }
    throw notFound(row, kernel, { target, unread })
  }

  async function plan(kernel: RpmKernel): Promise<HeadersPlan & { readonly config: Uint8Array }> {
    const own = { ...ports, certificates: certificates() }
    const { packages, headers } = await lists(own, kernel)
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
    identify: async (asked) => {
      const kernel = checkedKernel(row, target, { kernelRelease: asked.unameRelease, arch: asked.arch })
      return identified(target, (await plan(kernel)).config, asked)
    },
    planPackages: async (asked) => {
      const kernel = kernelOf(row, asked.unameRelease, asked.arch)
      if (kernel === undefined || !asked.kernelUrls.every((url) => url.endsWith('.rpm')))
        throw headersNotFound(`${asked.unameRelease} is not the \`uname -r\` of a kernel of ${target}`)
      const { config: _, ...found } = await plan(kernel)
      return ofPackages(target, found, asked)
    },
    // None of these distributions has a package of kernel sources from which a tree can be built.
    find: async () => [],
    bring: async (pkg) => void (await bringRpm({ ...ports, certificates: certificates() }, pkg)),
    certificates,
  }
}

interface Lists {
  readonly packages: readonly ListedRpm[]
  readonly headers: ListedRpm
}

/** If a repository is missing or unreachable, another one may still have the kernel. */
const listReader =
  (ports: RpmPorts & Pick<RpmSettings, 'lists'>) =>
  (base: string): Promise<readonly ListedRpm[] | ProbeError> =>
    orAway(readList(ports, base))

async function readList(
  ports: RpmPorts & Pick<RpmSettings, 'lists'>,
  place: string,
): Promise<readonly ListedRpm[]> {
  const base = place.endsWith('mirror.list') ? await firstMirror(ports, place) : place
  return fetchRpms(ports, { base, lists: ports.lists }, KERNELS)
}

/**
 * Reads Amazon's list: one URL per line, with or without a trailing slash; the last line may have no newline.
 */
async function firstMirror({ fetch }: RpmPorts, url: string): Promise<string> {
  const body = await fetch(url, { maxBytes: MAX_MIRRORS })
  const [first] = new TextDecoder().decode(body).split('\n')
  const base = first?.trim().replace(/\/$/, '') ?? ''
  if (/^https?:\/\/[^\s]+$/.test(base)) return base
  throw new ProbeError('mirror-unreachable', `${url} is not a list of mirrors`)
}

function noPlace(target: string, { entitled }: RpmRow, { unameRelease }: RpmKernel): ProbeError {
  const todo = `have the operator name a mirror in ${target}.places of the settings, or POST the kernel's config to /v1/probes`
  const why = entitled === undefined ? todo : `${entitled}. ${todo.replace('have', 'Have')}`
  return headersNotFound(`no repository is known for kernel ${unameRelease} of ${target}: ${why}`)
}

const noKey = (target: string): ProbeError =>
  headersNotFound(
    `no key of ${target}'s packages is configured, and the registry trusts no other: ask the operator to add it to ${target}.keys of the settings, or POST the kernel's config to /v1/probes`,
  )

function notFound(
  row: RpmRow,
  kernel: RpmKernel,
  { target, unread }: { readonly target: string; readonly unread: readonly ProbeError[] },
): ProbeError {
  const what = `no configured repository has ${row.headers(kernel).join(' or ')} ${kernel.version}-${kernel.release} of ${target}`
  const unreachable = unread.filter(({ code }) => code === 'mirror-unreachable')
  return new ProbeError(
    unreachable.length === 0 ? 'headers-not-found' : 'mirror-unreachable',
    `${what}.${notRead(unreachable)} POST the kernel's config to /v1/probes, or upgrade the host to a kernel that its repositories have`,
  )
}
