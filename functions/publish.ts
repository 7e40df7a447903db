// Handles the end or the deadline of a build: publishes the probe. Also signs the lists of packages.

import middy from '@middy/core'
import { createBuildCache } from '../lib/inputs/cache.ts'
import { unreachable } from '../lib/model/errors.ts'
import type { PackagePorts } from '../lib/packages/channel.ts'
import { packages, refreshPackages } from '../lib/packages/packages.ts'
import type { PublishPorts } from '../lib/publish/ports.ts'
import { publish } from '../lib/publish/publish.ts'
import { createSigner } from '../lib/signing/signer.ts'
import { type Trigger, triggerOf } from './runtime/events.ts'
import { measure, measuringLog } from './runtime/metrics.ts'
import {
  budgets,
  builder,
  bus,
  images,
  index,
  log,
  places,
  pointers,
  settings,
  signingKey,
  store,
} from './runtime/ports.ts'

// Only this function can read the private key.
const signer = createSigner(signingKey(), Date.now)

const ports: PublishPorts & PackagePorts = {
  index: index(),
  staging: store('stagingBucket'),
  artifacts: store('artifactsBucket'),
  pointers: pointers(),
  images: images(),
  cache: createBuildCache(store('inputsBucket')),
  builder: builder(),
  budgets: budgets(),
  places: places(),
  bus: bus(),
  signer,
  now: Date.now,
  log: measuringLog(log, measure),
  settings: settings(),
}

function handle(trigger: Trigger): Promise<unknown> {
  switch (trigger.type) {
    case 'BuildEnd':
      return publish(ports, trigger.end)
    case 'PackagesWanted':
      return packages(ports, trigger.key)
    case 'EveryHour':
      return refreshPackages(ports)
    default:
      return unreachable(trigger)
  }
}

export const handler = middy<unknown>().handler((event) => handle(triggerOf(event)))
