// Answers that the planners of several distributions share.

import { createHash } from 'node:crypto'
import type { ProbeError } from '../model/errors.ts'
import type { ConfigRequest, HeadersPlan, KernelName, PackagesRequest, Planner } from './planner.ts'
import { headersNotFound } from './refusals.ts'

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** `whose`: the distribution, for the message. */
export const otherConfig = (
  whose: string,
  { unameRelease, configMd5 }: Pick<ConfigRequest, 'unameRelease' | 'configMd5'>,
): ProbeError =>
  headersNotFound(
    `the config of ${whose}'s kernel ${unameRelease} does not have the md5 ${configMd5}: this host runs a custom kernel`,
  )

/**
 * The name of a kernel that clients name by its `uname -r`.
 * @throws {ProbeError} `headers-not-found` if its config is different.
 */
export function identified(whose: string, config: Uint8Array, asked: ConfigRequest): KernelName {
  if (md5Of(config) !== asked.configMd5) throw otherConfig(whose, asked)
  return { kernelRelease: asked.unameRelease, kernelVersion: '1' }
}

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

/**
 * For distributions whose kernels can only be found by the names of their probes, not by `uname -r` or
 * packages.
 */
export const namedByProbe = (
  refusal: (unameRelease: string) => ProbeError,
): Pick<Planner, 'identify' | 'planPackages' | 'find'> => ({
  identify: async ({ unameRelease }) => {
    throw refusal(unameRelease)
  },
  planPackages: async ({ unameRelease }) => {
    throw refusal(unameRelease)
  },
  find: async () => [],
})
