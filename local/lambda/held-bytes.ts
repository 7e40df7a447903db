// What a worker holds of memory: its heap, and buffers beside it.

import { setInterval } from 'node:timers'
import { getHeapStatistics } from 'node:v8'

/** Milliseconds between two looks: what comes and goes in between is not seen. */
const LOOK_MS = 50

/** Of the calling thread, garbage included, as in the memory of a process. */
function heldBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

/** Tells each time that it was more than ever before. Looks until `stop`, which looks once more. */
export function watchHeld(tell: (bytes: number) => void): { stop(): void } {
  const timer = setInterval(look, LOOK_MS).unref()
  let most = 0
  function look(): void {
    const bytes = heldBytes()
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
