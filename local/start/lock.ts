// One stack at a time per folder: a lock that the kernel gives back when the process is gone, however it went.

import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

/** Resolves to what unlocks it; rejects when a live process holds it. `folder`: a real path. */
export function lockFolder(folder: string): Promise<() => Promise<void>> {
  // An abstract socket has no file that a killed process could leave behind.
  const name = `\0probe-registry-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', () => reject(new Error(`${folder} is in use by another stack that runs`)))
    server.listen(name, () => resolve(() => new Promise((closed) => void server.close(() => closed()))))
  })
}
