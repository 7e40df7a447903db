// Runs on a schedule: checks that a host gets the probe that the settings name, with a valid signature.

import middy from '@middy/core'
import { ENV } from '../lib/aws/resources.ts'
import { askAsHost, type HostPorts, type Reply } from '../lib/clients/canary.ts'
import { measure, measureFound } from './runtime/metrics.ts'
import { log, required, sleep } from './runtime/ports.ts'

const ports: HostPorts = { get, sleep, now: Date.now }

async function get(url: string, milliseconds: number): Promise<Reply> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(milliseconds) })
    const body = new Uint8Array(await answer.arrayBuffer())
    return { status: answer.status, header: (name) => answer.headers.get(name) ?? undefined, body }
  } catch (error) {
    const { message, cause } = error as Error
    const why = cause instanceof Error && cause.message !== '' ? cause.message : message
    throw new Error(`${new URL(url).host} does not answer: ${why}`, { cause: error })
  }
}

/** Reports the result as a metric and a line in the log. A bad probe does not make the function fail. */
export const handler = middy().handler(async () => {
  const began = Date.now()
  const probe = required(ENV.canaryProbe)
  const found = await askAsHost(ports, required(ENV.registryUrl), probe)
  const milliseconds = Date.now() - began
  measureFound(measure, found, milliseconds)
  const { tag, ...more } = found
  log(`canary ${tag}`, { probe, milliseconds, ...more })
})
