// Whether the stack answers and takes new builds, or in plain words why not.

import { request } from 'node:http'

interface HealthOptions {
  /** whether it has started, goes on, or is about to stop */
  readonly phase: () => 'starting' | 'running' | 'stopping'
  readonly lacks: () => string | undefined
  /** whether the folder of data is where it was */
  readonly isThere: () => boolean
  /** whether a request to it is answered */
  readonly answers: () => Promise<boolean>
}

/** `undefined`: all is well. */
export async function faultOf({
  phase,
  lacks,
  isThere,
  answers,
}: HealthOptions): Promise<string | undefined> {
  const now = phase()
  if (now !== 'running') return `the registry is ${now}`
  if (!isThere()) return 'the data folder was removed or replaced'
  const lack = lacks()
  if (lack !== undefined)
    return `${lack}: published probes are served, and no new probe is built until that is repaired`
  return (await answers()) ? undefined : 'the registry does not answer its own request'
}

/** A name that is none: nothing is looked up for it, built or counted. */
const NO_NAME = '/driver/healthz'
const ANY = ['0.0.0.0', '::']
const ANSWER_MS = 5000

/** Asks the public port as a client does, down to the function that answers names. */
export function asksItself({ host, port }: { readonly host: string; readonly port: number }) {
  const address = ANY.includes(host) ? '127.0.0.1' : host
  return (): Promise<boolean> =>
    new Promise((resolve) => {
      // The name `localhost` is good wherever it listens.
      const headers = { host: `localhost:${port}` }
      const options = { host: address, port, path: NO_NAME, method: 'HEAD', headers, timeout: ANSWER_MS }
      const asked = request(options, (response) => {
        response.resume()
        resolve((response.statusCode ?? 500) < 500)
      })
      asked.on('timeout', () => asked.destroy(new Error('late')))
      asked.on('error', () => resolve(false))
      asked.end()
    })
}
