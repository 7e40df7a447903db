// Measures the memory that a worker uses: its heap and its external buffers.

import { setInterval } from 'node:timers'
import { getHeapStatistics } from 'node:v8'

/** Milliseconds between two measurements. Memory that is freed in between is not seen. */
const LOOK_MS = 50

/** Calls `tell` with each new maximum of this thread's memory, garbage included, until `stop`, which measures once more. */
export function watchHeld(tell: (bytes: number) => void): { stop(): void } {
  const timer = setInterval(look, LOOK_MS).unref()
  let most = 0
  function look(): void {
    const { used_heap_size, external_memory } = getHeapStatistics()
    const bytes = used_heap_size + external_memory
    if (bytes <= most) return
    most = bytes
    tell(bytes)
  }
  look()
  return {
    stop: () => {
      clearInterval(timer)
      look()
    },
  }
}
