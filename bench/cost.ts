// Calculates what hits and builds cost in AWS from a dated price list and from milliseconds and bytes
// measured here.

import { stat } from 'node:fs/promises'
import { Agent } from 'node:http'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { PRICES } from '../lib/model/prices.ts'
import { request } from './hits.ts'
import type { Measure } from './stage.ts'
import { median, type Row } from './table.ts'
import { load } from './turns.ts'

const HITS = 200
/** Memory that cdk/stack.ts gives the function `resolve`. */
const MEGABYTES = 512

interface Hit {
  /** billed milliseconds of the function, rounded up */
  readonly milliseconds: number
  /** size of the probe */
  readonly bytes: number
}

/** Dollars per million hits, without data transfer. */
function ofHits({ milliseconds }: Hit, door: 'HTTP API' | 'Function URL' | 'CloudFront'): number {
  const { lambda, httpApi, dynamoDb, s3, cloudFront } = PRICES
  const compute = (Math.ceil(milliseconds) / 1000) * (MEGABYTES / 1024) * lambda.gigabyteSecondArm64
  const doors = { 'HTTP API': httpApi.request, 'Function URL': 0, CloudFront: cloudFront.request }
  return 1e6 * (doors[door] + lambda.request + compute + dynamoDb.readUnit / 2 + s3.get)
}

/** Dollars for the data transfer of a million hits. */
const ofBytes = ({ bytes }: Hit, door: 'S3' | 'CloudFront'): number =>
  ((1e6 * bytes) / 1e9) * (door === 'S3' ? PRICES.egress.gigabyte : PRICES.cloudFront.gigabyte)

/** Dollars of one build that takes this many seconds. */
const ofBuild = (seconds: number): number =>
  Math.ceil(seconds / 60) * PRICES.codeBuild.minute.BUILD_GENERAL1_MEDIUM

export const measureCost: Measure = async (stage) => {
  const { registry, path, file } = await stage.warm()
  const { size: bytes } = await stat(file)
  const rounds: { hit: Hit; load: number }[] = []
  for (let round = 0; round < stage.rounds; round += 1)
    rounds.push({ hit: { milliseconds: await hitOf(registry.url + path), bytes }, load: load() })
  const dollars = (value: number): string => `$${value.toFixed(2)}`
  const hits = rounds.map(({ hit }) => hit)
  const row = (against: 'Function URL' | 'CloudFront'): Row => ({
    ...{ name: 'cost', what: 'cost of a million hits, without their bytes' },
    against: `the same behind ${against === 'Function URL' ? 'a Function URL' : 'CloudFront and a Function URL'}`,
    ratios: hits.map((hit) => ofHits(hit, 'HTTP API') / ofHits(hit, against)),
    loads: rounds.map((one) => one.load),
    note: `${dollars(median(hits.map((hit) => ofHits(hit, 'HTTP API'))))} against ${dollars(median(hits.map((hit) => ofHits(hit, against))))}`,
  })
  const [hit] = hits
  if (hit === undefined) return []
  const timeout = DEFAULTS.build.timeoutMinutes
  return [
    row('Function URL'),
    row('CloudFront'),
    {
      ...{ name: 'cost', what: `cost of their bytes, ${(bytes / 1e6).toFixed(2)} MB each, by S3` },
      ...{ against: 'the same by CloudFront', ratios: [ofBytes(hit, 'S3') / ofBytes(hit, 'CloudFront')] },
      loads: rounds.slice(0, 1).map((one) => one.load),
      note: `${dollars(ofBytes(hit, 'S3'))} against ${dollars(ofBytes(hit, 'CloudFront'))}; a build of up to a minute ${dollars(ofBuild(60))}, of ${timeout} minutes ${dollars(ofBuild(timeout * 60))}; prices of ${PRICES.date}`,
    },
  ]
}

/**
 * Milliseconds of a hit through the local stack, which is more than the function's own time that AWS bills.
 */
async function hitOf(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  for (let i = 0; i < HITS; i += 1) {
    const start = performance.now()
    await request(url, agent)
    times.push(performance.now() - start)
  }
  agent.destroy()
  return median(times)
}
