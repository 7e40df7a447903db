// Every minute: builds that are past their deadline, or run, are handed to publish.

import middy from '@middy/core'
import { type SweepPorts, sweep } from '../lib/publish/sweep.ts'
import { bus, index, log } from './runtime/ports.ts'

const ports: SweepPorts = { index: index(), bus: bus(), now: Date.now, log }

export const handler = middy().handler(() => sweep(ports))
