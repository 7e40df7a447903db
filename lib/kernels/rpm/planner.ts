// Plans kernels that come as rpms: finds the header package in a list, and trusts it by its own signature.

import { orAway } from '../../archives/away.ts'
import type { Keep } from '../../archives/records.ts'
import { fetchRpms, type ListedRpm } from '../../archives/rpm/primary.ts'
import { ProbeError } from '../../model/errors.ts'
import type { QueryDatabase } from '../../model/ports.ts'
import { readOnce } from '../certificates.ts'
import type { HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { namedByUname, type PlanWithConfig } from '../shared.ts'
import type { SignedPorts } from '../signed-package.ts'
import { notFoundIn } from '../unread.ts'
import { companionsOf, headersIn, imageIn, wantedOf } from './choose.ts'
import { certificatesFor } from './keys.ts'
import { bringRpm } from './packages.ts'
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

interface RpmPorts extends PlannerPorts, SignedPorts {
  readonly query: QueryDatabase
}

export function rpmPlanner(
  ports: Omit<RpmPorts, 'certificates'>,
  target: RpmTarget,
  settings: RpmSettings,
): HeadersPlanner {
  const row: RpmRow = RPM_ROWS[target]
  const certificates = readOnce(() => certificatesFor(target, settings.keys))
  /** Reads a few repositories at a time, in the order of the places, until the headers are found. */
  async function lists(own: RpmPorts, kernel: RpmKernel) {
    const bases = basesFor(settings.places, kernel)
    if (bases.length === 0) throw noPlace(target, row, kernel)
    if (own.certificates.length === 0) throw noKey(target)
    // If a repository is missing or unreachable, another one may still have the kernel.
    const read = (base: string) => orAway(readList(own, settings, base))
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
    throw notFound(row, kernel, target, unread)
  }

  async function plan(kernel: RpmKernel): Promise<PlanWithConfig> {
    const own = { ...ports, certificates: certificates() }
    const { packages, headers } = await lists(own, kernel)
    const brought = await bringRpm(own, wantedOf(headers))
    const needed = await Promise.all(
      companionsOf(packages, headers).map(async (one) => (await bringRpm(own, wantedOf(one))).pkg),
    )
    const { unameRelease } = kernel
    return {
      ...{ tag: 'headers', kernelRelease: unameRelease, unameRelease },
      headers: [...needed, brought.pkg],
      ...(await treeIn(brought.rpm, unameRelease)),
      image: imageIn(row, packages, kernel, target),
    }
  }

  return {
    ...namedByUname({
      whose: target,
      kernelOf: (unameRelease, arch) => kernelOf(row, unameRelease, arch),
      check: (named) => checkedKernel(row, target, named),
      packages: /\.rpm$/,
      plan,
    }),
    bring: async (pkg) => void (await bringRpm({ ...ports, certificates: certificates() }, pkg)),
    certificates,
  }
}

async function readList(
  ports: RpmPorts,
  { lists }: RpmSettings,
  place: string,
): Promise<readonly ListedRpm[]> {
  const base = place.endsWith('mirror.list') ? await firstMirror(ports, place) : place
  return fetchRpms(ports, { base, lists }, KERNELS)
}

/** Reads Amazon's list: one URL per line, with or without a slash; the last line may have no newline. */
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

const notFound = (
  row: RpmRow,
  kernel: RpmKernel,
  target: string,
  unread: readonly ProbeError[],
): ProbeError =>
  notFoundIn(
    `no configured repository has ${row.headers(kernel).join(' or ')} ${kernel.version}-${kernel.release} of ${target}`,
    unread,
    "POST the kernel's config to /v1/probes, or upgrade the host to a kernel that its repositories have",
  )
