// Runs the JSON services of local/ on loopback for the adapters. Every caller has every permission.

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startBuilder } from '../../../local/codebuild/builder.ts'
import { createCodeBuild } from '../../../local/codebuild/codebuild.ts'
import { createEvents } from '../../../local/events/events.ts'
import { createRoles } from '../../../local/iam/roles.ts'
import { createDeliveries } from '../../../local/lambda/deliveries.ts'
import type { Fn, Functions } from '../../../local/lambda/lambda.ts'
import { createSecrets } from '../../../local/secrets.ts'
import { createQueues } from '../../../local/sqs/sqs.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import { createAwsJson } from '../../../local/wire/aws-json.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import { listen } from '../../../local/wire/server.ts'
import type { Principal } from '../../../local/wire/types.ts'
import { CACHE } from '../builds/roots.ts'
import { writeAssembly } from '../local/assembly.ts'

const ANYONE: Principal = {
  name: 'Anyone',
  accessKeyId: 'AKIATEST',
  secretAccessKey: 'test',
  sessionToken: '',
  may: () => true,
}

/** The options of every client of the lab. */
export const clientOptions = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  maxAttempts: 1,
  credentials: { accessKeyId: ANYONE.accessKeyId, secretAccessKey: ANYONE.secretAccessKey },
})

/** Starts the services of a template, and collects the events that its rules deliver. They stop when the test ends. */
export async function startServices(resources: JsonObject) {
  // Builds run as another user, who must be able to enter the folder.
  const folder = mkdtempSync('/var/tmp/services-')
  const scratch = `${folder}.builds`
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const assembly = await writeAssembly(join(folder, 'cdk.out'), resources)
  const template = loadTemplate(assembly, { publicUrl: 'http://127.0.0.1:1' })
  const inFolder = (name: string) => join(folder, name)
  const delivered: JsonObject[] = []
  const functions = functionsOf((event) => void delivered.push(event))
  const [now, log] = [Date.now, () => {}]
  const queues = createQueues({ dir: inFolder('queues'), template, now, log })
  const deliveries = createDeliveries({ dir: inFolder('events'), functions, queues, now, log })
  const toQueue = () => {}
  const events = createEvents({ template, functions, deliveries, toQueue, now, log })
  const builder = startBuilder()
  const codebuild = createCodeBuild({
    ...{ template, roles: createRoles(template, now), events, builder, now },
    ...{ dir: inFolder('builds'), scratch, concurrency: 2 },
    roots: { objects: inFolder('roots-bucket'), unpacked: join(CACHE, 'roots') },
    store: '/dev/null',
  })
  const services = {
    AWSEvents: events.operations,
    CodeBuild_20161006: codebuild.operations,
    secretsmanager: createSecrets({ dir: inFolder('secrets'), template, now }),
  }
  const service = createAwsJson({ authenticate: () => ANYONE, services })
  const { port, close } = await listen(service, { host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await close()
    await codebuild.stop()
    await builder.stop()
    deliveries.stop()
  })
  const refs = Object.fromEntries(template.resources.map(({ logicalId, ref }) => [logicalId, ref]))
  return { endpoint: `http://127.0.0.1:${port}`, delivered, refs }
}

/** One function in the place of all; it accepts every event. */
function functionsOf(take: (event: JsonObject) => void): Functions {
  const fn: Fn = {
    name: 'Fn',
    ...{ arn: 'arn:fn', qualifiedArn: 'arn:fn:$LATEST', version: '$LATEST' },
    retries: 0,
    maxAge: 60_000,
    onFailure: undefined,
    permits: () => true,
    invoke: async (event) => {
      take(event as JsonObject)
      return { tag: 'answer', payload: 'null' }
    },
  }
  return { find: () => fn, stop: async () => {} }
}
