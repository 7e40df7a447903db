// Asks the snapshot service, which keeps packages that the archive has dropped (snapshot.debian.org, "API").
// Its answers only show where to look: the signed lists of that time decide what is trusted.

import * as z from 'zod'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { Clock, Fetch } from '../../model/ports.ts'
import type { Suite } from './suite.ts'

/** A binary package in one of its versions. */
export interface Binary {
  readonly name: string
  readonly version: string
}

/** When and in which archive the service first saw a package's file. */
export interface Sighting {
  /** as the service calls it: `debian`, `debian-security` */
  readonly archive: string
  /** milliseconds since the epoch */
  readonly firstSeen: number
}

export type SnapshotService = ReturnType<typeof snapshotService>

/** Bytes. The answer for all binary packages of a kernel has 60 KB. */
const MAX_ANSWER = 2 * 1024 * 1024
const MAX_ITEMS = 10_000

const word = z.string().max(300)
const resultOf = <T extends z.ZodType>(item: T) => z.object({ result: z.array(item).max(MAX_ITEMS) })
const binariesSchema = resultOf(z.object({ name: word, version: word }))
const versionsSchema = resultOf(z.object({ name: word, binary_version: word }))
const filesSchema = z.object({
  fileinfo: z.record(
    z.string().max(64),
    z.array(z.object({ name: word, archive_name: word, first_seen: word })).max(MAX_ITEMS),
  ),
})

/** The service's first archive is from 12 March 2005. */
const OLDEST = Date.UTC(2005, 2, 12)

/** @throws {ProbeError} in each method: `mirror-unreachable`, also if an answer does not match the API. */
export function snapshotService(
  { fetch, now }: { readonly fetch: Fetch; readonly now: Clock },
  base: string,
) {
  const ask = async <T extends z.ZodType>(
    path: readonly string[],
    schema: T,
    query = '',
  ): Promise<z.infer<T> | undefined> => {
    const url = `${base}/mr/${path.map(encodeURIComponent).join('/')}${query}`
    try {
      const body = await fetch(url, { maxBytes: MAX_ANSWER })
      return schema.parse(JSON.parse(new TextDecoder().decode(body)))
    } catch (cause) {
      if (isProbeError(cause, 'not-found')) return undefined
      if (isProbeError(cause, 'mirror-unreachable')) throw cause
      throw new ProbeError('mirror-unreachable', `${url} does not answer as its interface says`, { cause })
    }
  }
  return {
    /** Binary packages of a source package's version, for all architectures; empty if the service has none. */
    binariesOf: async (source: string, version: string): Promise<readonly Binary[]> =>
      (await ask(['package', source, version, 'binpackages'], binariesSchema))?.result ?? [],
    /** Versions of a binary package, newest first; empty if the service has none. */
    versionsOf: async (binary: string): Promise<readonly Binary[]> => {
      const { result = [] } = (await ask(['binary', binary, ''], versionsSchema)) ?? {}
      return result.map(({ name, binary_version }) => ({ name, version: binary_version }))
    },
    /** Sightings of the package's file for a dpkg architecture; without impossible dates. */
    sightingsOf: async ({ name, version }: Binary, arch: string): Promise<readonly Sighting[]> => {
      const files = await ask(['binary', name, version, 'binfiles'], filesSchema, '?fileinfo=1')
      const file = `${name}_${version.replace(/^\d+:/, '')}_${arch}.deb`
      return Object.values(files?.fileinfo ?? {})
        .flat()
        .filter((info) => info.name === file)
        .map((info) => ({ archive: info.archive_name, firstSeen: timeOf(info.first_seen) }))
        .filter(({ firstSeen }) => firstSeen >= OLDEST && firstSeen <= now())
    },
    /** A suite of one of its archives at the time `at`, in milliseconds since the epoch. */
    suiteAt: (archive: string, suite: string, at: number): Suite => ({
      mirror: `${base}/archive/${archive}/${stampOf(at)}`,
      suite,
      ofThePast: true,
    }),
  }
}

/** Parses `20230610T120000Z`; NaN for anything else. */
const timeOf = (stamp: string): number =>
  Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

const stampOf = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')

type Bounds = Readonly<Record<'requests' | 'bytes' | 'milliseconds', number>>

/**
 * Limits the total requests, bytes and time of a fetch.
 * @throws {ProbeError} `headers-not-found` above the requests or bytes, `mirror-unreachable` above the time.
 */
export function boundedFetch(fetch: Fetch, now: Clock, bounds: Bounds): Fetch {
  const until = now() + bounds.milliseconds
  let { requests, bytes } = bounds
  return async (url, { maxBytes }) => {
    if (requests <= 0 || bytes < maxBytes)
      throw new ProbeError(
        'headers-not-found',
        `for one kernel no more than ${bounds.requests} requests and ${bounds.bytes} bytes are asked for: ${url} is not`,
      )
    requests -= 1
    const seconds = bounds.milliseconds / 1000
    const late = `${url} has not answered when ${seconds} seconds were over`
    const body = await within(until - now(), fetch(url, { maxBytes }), late)
    bytes -= body.length
    return body
  }
}

function within<T>(milliseconds: number, promise: Promise<T>, late: string): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const error = () => new ProbeError('mirror-unreachable', late)
  const timer = setTimeout(() => reject(error()), Math.max(0, milliseconds))
  return Promise.race([promise, over]).finally(() => clearTimeout(timer))
}
