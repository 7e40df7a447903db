// What nobody waits for by the millisecond gives way to what answers requests: plans, publications and builds.

import { getPriority, setPriority } from 'node:os'

/** setpriority(2): ten more leave a tenth of a busy processor, and all of an idle one. */
const GIVES_WAY = 10
const LEAST = 19

/** The calling thread, which is what has a priority on Linux, and all that it starts from now on. */
export const giveWay = (): void => setPriority(Math.min(getPriority() + GIVES_WAY, LEAST))
