// Sends hits one after the other from a separate thread, so that the work of the crowd's clients does not
// delay them. Started as a worker, this file is that thread.

import { parentPort, Worker, workerData } from 'node:worker_threads'
import { leanClient } from './lean-client.ts'

const PAUSE_MS = 10
const ADDRESS = '10.255.0.2'

/**
 * Sends hits until the returned function is called; that function resolves to the milliseconds of each hit.
 * Throws if a hit failed.
 */
export function hitting(url: string): () => Promise<readonly number[]> {
  const worker = new Worker(import.meta.filename, { workerData: url })
  const said = new Promise<readonly number[]>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  said.catch(() => {})
  return () => {
    worker.postMessage('end')
    return said
  }
}

if (parentPort !== null) await hit(parentPort, String(workerData))

async function hit(port: NonNullable<typeof parentPort>, url: string): Promise<void> {
  let goesOn = true
  port.once('message', () => {
    goesOn = false
  })
  const all: number[] = []
  while (goesOn) {
    const { milliseconds, bytes } = await leanClient({ address: ADDRESS, url, patience: 0 })
    if (bytes === undefined) throw new Error(`a hit of ${url} got no bytes`)
    all.push(milliseconds)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  port.postMessage(all)
}
