// Checks whether each Bottlerocket kernel finds, among the kits of all kernels, a kit with its release,
// architecture, family and kernel.

import { bottlerocketPlanner } from '../lib/kernels/bottlerocket/planner.ts'
import { VARIANTS } from '../lib/kernels/bottlerocket/variants.ts'
import { isProbeError, ProbeError } from '../lib/model/errors.ts'
import type { Fetch } from '../lib/model/ports.ts'
import { memoryPorts } from '../test/support/memory.ts'
import {
  type Kit,
  kernelFiles,
  kitName,
  packKit,
  serviceFiles,
  serviceSettings,
} from '../test/support/tuf/bottlerocket.ts'
import { tufKey } from '../test/support/tuf/repository.ts'
import { fileOf, type Judge, RIGHT, type Row, type Verdict, wrong } from './rows.ts'

const SERVICE = 'https://updates.invalid'

/** All kits are on one server, so each kernel must find its own among all others. */
export const bottlerocketJudge: Judge = async (rows) => {
  const kernels = kernelsOf(rows)
  const key = tufKey()
  const files = serviceFiles({ kits: [...kernels.values()], key })
  const memory = memoryPorts({ now: Date.now })
  const planner = bottlerocketPlanner(
    { ...memory, inputs: memory.store.inputs, fetch: fetchFrom(files) },
    serviceSettings(SERVICE, files, VARIANTS),
  )
  const verdicts: Verdict[] = []
  for (const row of rows) verdicts.push(await judge(planner, kernels, row))
  return verdicts
}

interface KernelKit extends Kit {
  readonly kernelRelease: string
}

async function judge(
  planner: ReturnType<typeof bottlerocketPlanner>,
  kernels: ReadonlyMap<string, KernelKit>,
  { arch, kernelRelease, kernelVersion }: Row,
): Promise<Verdict> {
  try {
    const { headers } = await planner.plan({ arch, kind: 'kmod', kernelRelease, kernelVersion })
    const kit = kernels.get(fileOf(headers[0]?.url ?? '').replace(/^[0-9a-f]{64}\./, ''))
    const found = `${kit?.kernelRelease} ${kit?.version}-${kit?.variant.split('-')[0]} ${kit?.arch}`
    const wanted = `${kernelRelease} ${kernelVersion.replace(/^\d+_/, '')} ${arch}`
    return found === wanted ? RIGHT : wrong(`it finds the kit of ${found}`)
  } catch (error) {
    if (!isProbeError(error)) throw error
    return wrong(error.message)
  }
}

/**
 * Kits by file name. Each row gets a free kit of its family, preferably of a variant with kernels of its
 * series; rows get none when no kit is free.
 */
function kernelsOf(rows: readonly Row[]): ReadonlyMap<string, KernelKit> {
  const kits = new Map<string, KernelKit>()
  const wanted = new Map(rows.map((row) => [`${row.arch} ${row.kernelRelease} ${row.kernelVersion}`, row]))
  for (const { arch, kernelRelease, kernelVersion } of wanted.values()) {
    const [, version = '', family = ''] = /^\d+_(.+)-([^-]+)$/.exec(kernelVersion) ?? []
    const own = VARIANTS.filter(({ name }) => name.startsWith(`${family}-`))
    const likely = own.filter(({ kernels }) =>
      kernels.some((series) => kernelRelease.startsWith(`${series}.`)),
    )
    const free = [...likely.toReversed(), ...own].find(
      ({ name }) => !kits.has(`${kitName({ variant: name, arch, version })}.tar.xz`),
    )
    if (free === undefined) continue
    const name = { variant: free.name, arch, version }
    const body = packKit(name, kernelFiles(kernelRelease))
    kits.set(`${kitName(name)}.tar.xz`, { ...name, kernelRelease, body })
  }
  return kits
}

const fetchFrom =
  (files: Readonly<Record<string, Uint8Array>>): Fetch =>
  async (url) => {
    const body = files[url.slice(SERVICE.length + 1)]
    if (body !== undefined) return body
    throw new ProbeError('not-found', `${url} answers 404`)
  }
