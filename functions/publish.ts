// On the end of a build, or of its time: verify, sign, store, index.

import middy from '@middy/core'
import { type PublishPorts, publish } from '../lib/publish.ts'
import { builder, index, log, settings, signer, store } from './environment.ts'
import { buildEndOf } from './events.ts'

const ports: PublishPorts = {
  index: index(),
  staging: store('stagingBucket'),
  artifacts: store('artifactsBucket'),
  builder: builder(),
  signer: signer(),
  now: Date.now,
  log,
  settings: settings(),
}

export const handler = middy<unknown>().handler((event) => publish(ports, buildEndOf(event)))
