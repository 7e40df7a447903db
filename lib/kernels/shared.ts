// Answers that the planners of several distributions share.

import { createHash } from 'node:crypto'
import type { ProbeError } from '../model/errors.ts'
import type { Arch } from '../model/probe.ts'
import type { BuildTree } from './built-by.ts'
import type {
  ConfigRequest,
  HeadersPlan,
  HeadersPlanner,
  NamedKernel,
  PackagesRequest,
  Planner,
} from './planner.ts'
import { headersNotFound } from './refusals.ts'

/** A plan, and the config of its kernel. */
export type PlanWithConfig = HeadersPlan & Pick<BuildTree, 'config'>

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** `whose`: the distribution, for the message. */
export const otherConfig = (whose: string, { unameRelease, configMd5 }: ConfigRequest): ProbeError =>
  headersNotFound(
    `the config of ${whose}'s kernel ${unameRelease} does not have the md5 ${configMd5}: this host runs a custom kernel`,
  )

/** The file name in a URL, with `%2b` decoded, as lists have it. */
export const fileOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1).replaceAll(/%2b/gi, '+')

/**
 * Returns the plan with the requested kernel release.
 * @throws {ProbeError} `headers-not-found` if the host names other packages.
 */
export function ofPackages(
  whose: string,
  plan: HeadersPlan,
  { kernelRelease, kernelUrls }: PackagesRequest,
): HeadersPlan {
  const files = plan.headers.map(({ url }) => fileOf(url))
  if (kernelUrls.every((url) => files.includes(fileOf(url)))) return { ...plan, kernelRelease }
  throw headersNotFound(`${whose} builds ${plan.unameRelease} of ${files.join(' and ')}, and of nothing else`)
}

interface UnamePlanner<Kernel> {
  /** the distribution, for messages */
  readonly whose: string
  /** `undefined` if the distribution has no kernel with this `uname -r` */
  readonly kernelOf: (unameRelease: string, arch: Arch) => Kernel | undefined
  /** @throws {ProbeError} `unsupported-kernel`. */
  readonly check: (named: NamedKernel) => Kernel
  /** matches the URLs of its packages */
  readonly packages: RegExp
  readonly plan: (kernel: Kernel) => Promise<PlanWithConfig>
}

/** For distributions whose clients name a kernel by its `uname -r`. */
export const namedByUname = <Kernel>({
  whose,
  kernelOf,
  check,
  packages,
  plan,
}: UnamePlanner<Kernel>): Pick<HeadersPlanner, 'plan' | 'identify' | 'planPackages'> => ({
  plan: async (request) => plan(check(request)),
  identify: async (asked) => {
    const { unameRelease: kernelRelease, arch } = asked
    const { config } = await plan(check({ kernelRelease, arch }))
    if (md5Of(config) !== asked.configMd5) throw otherConfig(whose, asked)
    return { kernelRelease, kernelVersion: '1' }
  },
  planPackages: async (asked) => {
    const kernel = kernelOf(asked.unameRelease, asked.arch)
    if (kernel === undefined || !asked.kernelUrls.every((url) => packages.test(url)))
      throw headersNotFound(`${asked.unameRelease} is not the \`uname -r\` of a kernel of ${whose}`)
    return ofPackages(whose, await plan(kernel), asked)
  },
})

/** For distributions whose kernels can only be found by the names of their probes. */
export function namedByProbe(
  refusal: (unameRelease: string) => ProbeError,
): Pick<Planner, 'identify' | 'planPackages'> {
  const refuse = async ({ unameRelease }: { readonly unameRelease: string }): Promise<never> => {
    throw refusal(unameRelease)
  }
  return { identify: refuse, planPackages: refuse }
}
