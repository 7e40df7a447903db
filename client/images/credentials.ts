// Finds a user name and password for an image registry where image clients keep them. It never prints them.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { jsonOf, parseOwn } from '../../lib/model/parse.ts'

export interface Credentials {
  readonly user: string
  readonly password: string
}

export interface Found {
  readonly credentials?: Credentials
  /** readable: which places were searched, or why an entry is unusable */
  readonly where: string
}

type Environment = Readonly<Record<string, string | undefined>>

const USER = 'REGISTRY_USERNAME'
const PASSWORD = 'REGISTRY_PASSWORD'

const fileSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
      }),
    )
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
})

/**
 * Prefers the environment to the file.
 * @throws {ProbeError} `misconfigured` for a file that docker would not write
 */
export function credentialsFor(host: string, env: Environment): Found {
  const { [USER]: user, [PASSWORD]: password } = env
  if (user !== undefined && password !== undefined)
    return { credentials: { user, password }, where: `${USER} and ${PASSWORD}` }
  const file =
    env.REGISTRY_AUTH_FILE ?? join(env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker'), 'config.json')
  const text = readIfThere(file)
  if (text === undefined) return { where: `${USER} and ${PASSWORD} are not set, and there is no ${file}` }
  const hint = 'is that a config.json of docker?'
  const config = parseOwn(fileSchema, jsonOf(text, file, hint), file, hint)
  const own = Object.entries(config.auths ?? {}).find(([key]) => hostIn(key) === host)?.[1]
  const credentials = credentialsOf(own ?? {})
  if (credentials !== undefined) return { credentials, where: file }
  const helper = config.credHelpers?.[host] ?? config.credsStore
  return {
    where:
      helper === undefined
        ? `${file} has none for ${host}`
        : `${file} leaves them to docker-credential-${helper}, which is not asked here: set ${USER} and ${PASSWORD}`,
  }
}

function credentialsOf({
  auth,
  username,
  password,
}: {
  auth?: string | undefined
  username?: string | undefined
  password?: string | undefined
}): Credentials | undefined {
  if (username !== undefined && password !== undefined) return { user: username, password }
  const plain = Buffer.from(auth ?? '', 'base64').toString()
  const cut = plain.indexOf(':')
  return cut < 1 ? undefined : { user: plain.slice(0, cut), password: plain.slice(cut + 1) }
}

/** Old clients stored complete URLs as keys. */
const hostIn = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
