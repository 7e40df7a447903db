// Provides the start of a test of the loader: a host, a registry and its key. The test checks them at the end.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { RawFacts } from '../../../lib/clients/facts.ts'
import type { SubmittedParts } from '../../../lib/model/kernel.ts'
import { parse } from '../../../lib/names/grammar.ts'
import type { SigningKey } from '../../../lib/signing/key.ts'
import { statementOf } from '../../../lib/signing/statement.ts'
import { RAW } from '../hosts.ts'
import { sh } from '../registry/registry.ts'
import { type Host, type HostOptions, LOADER, makeHost, type Ran, type Shell, write } from './host.ts'
import { type Loopback, loopback, newKey, publish } from './loopback.ts'

export const FILE = 'falco_debian_6.1.192-2-amd64_1.ko'
export const ASKED = `/driver/9.1.0%2Bdriver/x86_64/${FILE}`
export const PLACE = `.falco/9.1.0+driver/x86_64/${FILE}`
export const MODULE = Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(300_000, 'module')])

/** A module contains the data that `modinfo` shows as `key=value`, each followed by a NUL. */
export const moduleOf = (facts: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(
    `\x7fELF\0\0\0\0${Object.entries(facts)
      .map(([key, value]) => `${key}=${value}\0`)
      .join('')}${'code\0\n'.repeat(1000)}`,
    'latin1',
  )

type Env = Readonly<Record<string, string>>

export interface Scene {
  readonly host: Host
  readonly registry: Loopback
  readonly environment: (env?: Env) => Env
  readonly load: (args?: readonly string[], env?: Env, shell?: Shell) => Promise<Ran>
  /** the output on a terminal of the host */
  readonly onTerminal: (args?: readonly string[], env?: Env) => Promise<string>
  /** the calls of insmod, rmmod and mount */
  readonly calls: () => string
  /** by default as the probe that the host asks for */
  readonly publish: (
    path?: string,
    by?: SigningKey,
    as?: readonly string[],
    body?: Uint8Array,
  ) => Promise<void>
  /** the signed statement about the probe at that path, for the kernel of this host */
  readonly statementAt: (path: string, submitted?: SubmittedParts) => readonly string[]
}

const DRIVER = { name: 'driver', version: '9.1.0+driver', url: 'http://x', sha256: 'd'.repeat(64) }
const AUDIT = { driverSource: DRIVER, headers: [], compiler: 'gcc-12' }

const made = newKey('probes@example.org')
/** An RSA key takes a second, so all tests share one. */
export const signingKey = (): Promise<SigningKey> => made

/** By default a Debian host that trusts that key. Concurrent tests name their own end. */
export async function scene(
  options: Partial<HostOptions> = {},
  finished: (work: () => Promise<void>) => void = onTestFinished,
): Promise<Scene> {
  const key = await signingKey()
  const registry = await loopback()
  const raw: RawFacts = options.raw ?? RAW.debian
  const host = makeHost({ ...options, raw })
  write(host.dir, { 'falco-probes.asc': key.publicKey })
  finished(async () => {
    host.remove()
    await registry.close()
  })
  const environment = (env: Env = {}): Env => ({
    DRIVERS_REPO: `${registry.url}/driver`,
    DRIVER_VERSION: '9.1.0+driver',
    FALCO_PROBES_KEY: join(host.dir, 'falco-probes.asc'),
    ...env,
  })
  const statementAt = (path: string, submitted?: SubmittedParts) => {
    const name = parse(path)
    if (name.tag !== 'probe') throw new Error(`${path} says nothing of the driver`)
    return statementOf({ probe: name.probe, unameRelease: raw.release, submitted, ...AUDIT })
  }
  return {
    host,
    registry,
    environment,
    load: (args = [], env = {}, shell) => host.run(args, environment(env), shell),
    onTerminal: async (args = [], env = {}) => {
      // script(1) of util-linux gives it its own terminal.
      const command = ['dash', LOADER, ...args].join(' ')
      const set = Object.entries({ ...host.env, ...environment(env) }).map(
        ([name, value]) => `${name}=${value}`,
      )
      return sh('script', [
        '-qec',
        `env -i ${set.map((one) => `'${one}'`).join(' ')} /bin/${command}`,
        '/dev/null',
      ])
    },
    calls: () => readCalls(host.calls),
    publish: (path = ASKED, by = key, as = statementAt(path), body = MODULE) =>
      publish(registry, path, body, by, as),
    statementAt,
  }
}

function readCalls(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The loader prints these words and ends with that status; no module was loaded, and no file is left. */
export function expectRefused({ host, calls }: Scene, ran: Ran, status: number, words: RegExp): void {
  expect(ran.stderr).toMatch(words)
  expect(ran.status).toBe(status)
  expect(calls()).toBe('')
  expect(host.left()).toEqual([])
}
