// On the end of a build, or of its time: verify, sign, store, index.

import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import middy from '@middy/core'
import { ENV } from '../lib/aws/resources.ts'
import { readSigningKey } from '../lib/aws/secrets.ts'
import { createTrees } from '../lib/inputs/cache.ts'
import { type PublishPorts, publish } from '../lib/publish/publish.ts'
import { createSigner } from '../lib/signing/signer.ts'
import { buildEndOf } from './runtime/events.ts'
import { measure, measuringLog } from './runtime/metrics.ts'
import { budgets, builder, bus, index, log, places, required, settings, store } from './runtime/ports.ts'

// Here and nowhere else: the private key is in reach of no other function.
const secrets = new SecretsManagerClient()
const signer = createSigner(() => readSigningKey(secrets, required(ENV.signingKeySecret)), Date.now)

const ports: PublishPorts = {
  index: index(),
  staging: store('stagingBucket'),
  artifacts: store('artifactsBucket'),
  trees: createTrees(store('inputsBucket')),
  builder: builder(),
  budgets: budgets(),
  places: places(),
  bus: bus(),
  signer,
  now: Date.now,
  log: measuringLog(log, measure),
  settings: settings(),
}

export const handler = middy<unknown>().handler((event) => publish(ports, buildEndOf(event)))
