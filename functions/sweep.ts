// Runs every minute: sends builds that run, or are past their deadline, to publish.

import middy from '@middy/core'
import { type SweepPorts, sweep } from '../lib/publish/sweep.ts'
import { measure, measureOpen } from './runtime/metrics.ts'
import { bus, index, log } from './runtime/ports.ts'

const probes = index()

const ports: SweepPorts = {
  index: {
    overdue: probes.overdue,
    open: async (most) => {
      const open = await probes.open(most)
      measureOpen(measure, open)
      return open
    },
  },
  bus: bus(),
  now: Date.now,
  log,
}

export const handler = middy().handler(() => sweep(ports))
