// Lowers the priority of plans, publications and builds, so that they do not delay answers to requests.

import { getPriority, setPriority } from 'node:os'

/** setpriority(2): ten more leave a tenth of a busy processor, and all of an idle one. */
const GIVES_WAY = 10
const LEAST = 19

/** Applies to the calling thread, because Linux has priorities per thread, and to everything that it starts later. */
export const giveWay = (): void => setPriority(Math.min(getPriority() + GIVES_WAY, LEAST))
