// Opens the address for monitoring, from the stack's start to its end, if the operator wants one.

import { isIPv6 } from 'node:net'
import { behindDoor } from '../wire/door.ts'
import { listen } from '../wire/server.ts'
import { gaugesOf, type Standing } from './gauges.ts'
import { asksItself, faultOf, type Phase } from './health.ts'
import { createMonitor } from './monitor.ts'
import { type Metric, textOf } from './text.ts'

export interface Address {
  readonly host: string
  /** 0 selects a free port */
  readonly port: number
}

interface WatchOptions {
  /** `undefined`: no monitoring */
  readonly address: Address | undefined
  /** address of the registry itself */
  readonly front: Address
  readonly lacks: () => string | undefined
  readonly isThere: () => boolean
}

/** The sources of metrics, available when the stack has started. */
interface Told {
  readonly counts: () => Metric[]
  readonly standing: () => Standing
}

interface Watch {
  readonly url: string | undefined
  running(told: Told): void
  stopping(): void
  close(): Promise<void>
}

const NOBODY: Watch = { url: undefined, running: () => {}, stopping: () => {}, close: async () => {} }
const REMEDY = 'start the registry with METRICS set to the name and the port by which it is asked'

/** Rejects if the address is in use. */
export async function openWatch(options: WatchOptions): Promise<Watch> {
  const { address, front, lacks, isThere } = options
  if (address === undefined) return NOBODY
  let phase: Phase = 'starting'
  let told: Told | undefined
  const answers = asksItself(front)
  const monitor = createMonitor({
    fault: () => faultOf({ phase, lacks, isThere, answers }),
    metrics: () =>
      told === undefined ? undefined : textOf([...told.counts(), ...gaugesOf(told.standing())]),
  })
  const { port, close } = await listen((request, response) => guarded(request, response), address)
  const { host } = address
  const url = `http://${isIPv6(host) ? `[${host.replace(/%.*/, '')}]` : host}:${port}`
  const guarded = behindDoor(monitor, { host, port, publicUrl: url, remedy: REMEDY })
  return {
    url,
    running: (now) => {
      told = now
      phase = 'running'
    },
    stopping: () => {
      phase = 'stopping'
    },
    close,
  }
}
