// Starts a third-party image registry on loopback: Debian's docker-registry, with a password if one is given.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../registry/registry.ts'
import { toolOf } from './tools.ts'

export interface OtherRegistry {
  /** `127.0.0.1:5000` */
  readonly host: string
  /** its output so far */
  output(): string
  stop(): Promise<void>
}

export interface OtherOptions {
  /** lines of its configuration below `auth:` */
  readonly auth?: string
  /** other lines of its configuration */
  readonly more?: string
}

export async function startOtherRegistry(
  folder: string,
  { auth, more = '' }: OtherOptions = {},
): Promise<OtherRegistry> {
  const port = await freePort()
  const place = join(folder, `other-${port}`)
  mkdirSync(place, { recursive: true })
  const config = join(place, 'config.yml')
  const access = auth === undefined ? '' : `auth:\n${auth}`
  writeFileSync(
    config,
    `version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: ${place}}, delete: {enabled: true}}
http: {addr: "127.0.0.1:${port}", secret: tests}
${access}
${more}`,
  )
  const [command = '', ...first] = toolOf(folder, 'docker-registry', 'usr/bin/docker-registry').split(' ')
  const child = spawn(command, [...first, 'serve', config], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  const host = `127.0.0.1:${port}`
  for (let tries = 200; ; tries -= 1) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      () => true,
      () => false,
    )
    if (isUp) break
    if (tries === 0 || child.exitCode !== null) throw new Error(`the other registry does not start:\n${text}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    host,
    output: () => text,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}
