// Plans kernels of Container-Optimized OS from unsigned headers, if the operator trusts these.

import { recordedArchive } from '../../inputs/recorded-archive.ts'
import type { ProbeError } from '../../model/errors.ts'
import type { Sources } from '../../model/ports.ts'
import { keptBytes } from '../kept.ts'
import type { HeadersPlanner, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { namedByProbe } from '../shared.ts'
import { type CosSettings, checkCos } from './target.ts'
import { treeIn } from './tree.ts'

/** Bytes; real archives have 20 MB. */
const MAX_HEADERS = 128 * 1024 * 1024

export function cosPlanner(
  ports: PlannerPorts & { readonly sources: Sources },
  { cos }: { readonly cos: CosSettings },
): HeadersPlanner {
  return {
    plan: async (request) => {
      checkCos(request)
      const { kernelRelease: unameRelease } = request
      const build = buildOf(cos, unameRelease)
      const { source, bytes } = await recordedArchive(ports, {
        id: `~cos/${build}`,
        name: 'cos-kernel-headers',
        version: build,
        url: `${cos.tools}/${build}/kernel-headers.tgz`,
        maxBytes: MAX_HEADERS,
        pinned: undefined,
        check: async (body) => void treeIn(body, unameRelease),
      })
      const body = await keptBytes(ports.inputs, { ...source, bytes })
      return {
        tag: 'headers',
        kernelRelease: unameRelease,
        unameRelease,
        headers: [{ ...source, bytes, format: 'tar.gz', unsigned: true }],
        ...treeIn(body, unameRelease),
      }
    },
    ...namedByProbe(notTold),
    // Nobody signs these headers.
    certificates: () => [],
  }
}

/** @throws {ProbeError} `headers-not-found`. */
function buildOf({ mode, builds }: CosSettings, unameRelease: string): string {
  if (mode === 'off')
    throw headersNotFound(
      `nobody signs the kernel headers of Container-Optimized OS, so they are not used: POST the kernel's config to /v1/probes, or have the operator set cos.mode "on" in the settings, which believes them for TLS alone`,
    )
  const build = builds.find(({ kernel }) => kernel === unameRelease)?.build
  if (build !== undefined) return build
  throw notTold(unameRelease)
}

const notTold = (unameRelease: string): ProbeError =>
  headersNotFound(
    `${unameRelease} does not say which build of Container-Optimized OS has that kernel: have the operator name it (BUILD_ID of os-release) in cos.builds of the settings, or POST the kernel's config to /v1/probes`,
  )
