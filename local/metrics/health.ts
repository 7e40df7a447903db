// Checks whether the stack answers requests and takes new builds, and reports why not.

import { request } from 'node:http'

/** Of the stack. */
export type Phase = 'starting' | 'running' | 'stopping'

interface HealthOptions {
  readonly phase: Phase
  readonly lacks: () => string | undefined
  /** whether the data folder is still in its place */
  readonly isThere: () => boolean
  /** whether the registry answers a request to itself */
  readonly answers: () => Promise<boolean>
}

/** `undefined`: all is well. */
export async function faultOf(options: HealthOptions): Promise<string | undefined> {
  const { phase, isThere, answers } = options
  if (phase !== 'running') return `the registry is ${phase}`
  if (!isThere()) return 'the data folder was removed or replaced'
  const lack = options.lacks()
  if (lack !== undefined)
    return `${lack}: published probes are served, and no new probe is built until that is repaired`
  return (await answers()) ? undefined : 'the registry does not answer its own request'
}

/** Path of an invalid name, so nothing is looked up, built or counted for it. */
const NO_NAME = '/driver/healthz'
const ANY = ['0.0.0.0', '::']
const ANSWER_MS = 5000

/** Sends a request to the public port as a client does. It reaches the function that resolves names. */
export function asksItself({ host, port }: { readonly host: string; readonly port: number }) {
  const address = ANY.includes(host) ? '127.0.0.1' : host
  return (): Promise<boolean> =>
    new Promise((resolve) => {
      // The registry accepts the host name `localhost` wherever it listens.
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
