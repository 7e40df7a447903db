// Hits, one after the other, from a thread of their own: what the crowd's clients have to do does not delay them. Run as a
// worker, this is that thread.

import { parentPort, Worker, workerData } from 'node:worker_threads'
import { leanClient } from './lean-client.ts'

const PAUSE_MS = 10
const ADDRESS = '10.255.0.2'

/** Until the function that it returns is called, which resolves to what each of them took, in milliseconds. Throws where one failed. */
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
