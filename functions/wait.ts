// Answers long polls. They have a function of their own, so that waiting clients never slow a hit.

import { randomUUID } from 'node:crypto'
import { sharedUnlessBefore, shareReads } from '../lib/serve/shared-reads.ts'
import { type WaitPorts, wait } from '../lib/serve/wait.ts'
import { httpHandler } from './runtime/handler.ts'
import { requestOf } from './runtime/http.ts'
import { downloads, elapsed, holds, index, placesInQueue, settings, signs, sleep } from './runtime/ports.ts'

const current = settings()
const probes = index()

const polled = shareReads(probes, elapsed, (current.hold.pollSeconds * 1000) / 2)

const ports: WaitPorts = {
  index: sharedUnlessBefore(polled, probes, Date.now),
  polled,
  artifacts: downloads(current),
  holds: holds(),
  newId: randomUUID,
  now: Date.now,
  elapsed,
  sign: signs(),
  placeOf: placesInQueue(current),
  sleep,
  settings: current,
}

export const handler = httpHandler(current, current.prefix, (event) =>
  wait(ports, { ...requestOf(event, current), until: event.queryStringParameters?.until }),
)
