// Answers GET and HEAD in the layouts from before May 2020, whose clients follow no redirect.

import { createFetch } from '../lib/aws/fetch.ts'
import { type DeliverPorts, deliver } from '../lib/serve/direct.ts'
import { httpHandler } from './runtime/handler.ts'
import { requestOf } from './runtime/http.ts'
import { elapsed, holds, internalUrls, resolvePorts, signs, sleep } from './runtime/ports.ts'

const MAX_PROBE_BYTES = 64 * 1024 * 1024
const artifacts = internalUrls('artifactsBucket')
const fetch = createFetch()

const ports: DeliverPorts = {
  ...resolvePorts(),
  ...{ holds: holds(), elapsed, sign: signs(), sleep },
  read: async (objectKey) =>
    fetch(await artifacts.get(objectKey, { expiresSeconds: 60 }), { maxBytes: MAX_PROBE_BYTES }),
}

const { settings } = ports
export const handler = httpHandler(settings, settings.prefix, (event) =>
  deliver(ports, requestOf(event, settings)),
)
