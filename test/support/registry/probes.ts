// A probe as the clients of a running registry ask for it.

import { join } from 'node:path'
import { ask, curl } from './registry.ts'

const MINUTES = 60_000
/** A client's own time-out, a little above that of the registry's answers. */
const SECONDS = '70'

/** As falcoctl and the loader ask, until it is there, as `probe.ko` in the folder, or refused: curl's exit code. */
export async function downloaded(url: string, folder: string): Promise<number> {
  const end = Date.now() + 6 * MINUTES
  for (;;) {
    const { code } = await curl(['-fsSL', '-o', join(folder, 'probe.ko'), '--max-time', SECONDS, url])
    const { status, body } = await ask(`${url}.json`)
    if (code === 0 || status !== 200 || JSON.parse(body).state === 'failed' || Date.now() > end) return code
  }
}

export const about = async (url: string) => JSON.parse((await ask(`${url}.json`)).body)
