// Runs in a worker thread: loads one function's bundled asset and handles its invocations concurrently.

import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { Module } from 'node:module'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { giveWay } from '../priority.ts'
import { watchHeld } from './held-bytes.ts'
import { writeJson } from './json-console.ts'
import { type FromWorker, monotonic, type ToWorker, type WorkerSetup } from './worker-protocol.ts'

type Handler = (event: unknown, context: object) => unknown

const setup = workerData as WorkerSetup
const port = parentPort!
if (setup.isForEvents) giveWay()
const send = (message: FromWorker): void => port.postMessage(message)
const invocation = new AsyncLocalStorage<string>()
writeJson(
  console,
  (line) => process.stdout.write(line),
  () => invocation.getStore(),
)

/** `index.handler`: file and export. An asset is always CommonJS, even if a package.json in a parent folder disagrees. */
function loadHandler(): Handler {
  const dot = setup.handler.lastIndexOf('.')
  const [file, name] = [join(setup.asset, setup.handler.slice(0, dot)), setup.handler.slice(dot + 1)]
  const handler = loadCommonJs(`${file}.js`)[name]
  if (typeof handler !== 'function') throw new Error(`${setup.handler} of ${setup.asset} is not a function`)
  return handler as Handler
}

function loadCommonJs(file: string): Record<string, unknown> {
  const module = new Module(file) as Module & { _compile(source: string, file: string): void }
  module.filename = file
  module._compile(readFileSync(file, 'utf8'), file)
  return module.exports as Record<string, unknown>
}

const context = ({ requestId, functionArn, deadline }: ToWorker): object => ({
  functionName: setup.functionName,
  functionVersion: setup.functionVersion,
  invokedFunctionArn: functionArn,
  memoryLimitInMB: String(setup.memoryMb),
  awsRequestId: requestId,
  logGroupName: `/aws/lambda/${setup.functionName}`,
  logStreamName: 'local',
  callbackWaitsForEmptyEventLoop: false,
  getRemainingTimeInMillis: () => Math.max(0, deadline - monotonic()),
})

/** Measures only if there is a limit. */
const held = () =>
  setup.mostBytes === undefined ? undefined : watchHeld((bytes) => send({ tag: 'held', bytes }))

async function invoke(handler: Handler, message: ToWorker): Promise<void> {
  const { requestId } = message
  const watch = held()
  try {
    const event: unknown = JSON.parse(message.event)
    const answer = await invocation.run(requestId, () => handler(event, context(message)))
    watch?.stop()
    send({ tag: 'answer', requestId, payload: JSON.stringify(answer) ?? 'null' })
  } catch (error) {
    watch?.stop()
    invocation.run(requestId, () => console.error(error))
    send({ tag: 'failure', requestId, message: error instanceof Error ? error.message : String(error) })
  }
}

const handler = loadHandler()
port.on('message', (message: ToWorker) => void invoke(handler, message))
send({ tag: 'ready' })
