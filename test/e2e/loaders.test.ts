// Tests each loader version with its exact curl command: it stores the module or no file.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { get as httpGet } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostFiles, md5 } from '../support/registry/host-files.ts'
import { type DebianKernel, debianKernels, pinned } from '../support/registry/kernels.ts'
import {
  type Curl,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
  TRIED,
} from '../support/registry/registry.ts'
import { testLong, testUnless } from '../support/unless.ts'

/** `+` as every bash loader writes it. */
const VERSION = DRIVER_VERSION.replaceAll('+', '%2B')

interface Asked {
  readonly repo: string
  readonly kernel: DebianKernel
  readonly configMd5: string
  /** where the loader keeps its probes */
  readonly dir: string
}

interface Loader {
  /** downloads as this loader does; resolves to the file that it would load next */
  readonly download: (asked: Asked) => Promise<{ result: Curl; file: string }>
}

const modern = ({ kernel }: Asked) => `scap_debian_${kernel.release}_1.ko`

/** The commands of the loaders, by their versions. */
const LOADERS: Readonly<Record<string, Loader>> = {
  'falco-driver-loader 0.34 to 0.36': {
    download: async (asked) => {
      const file = join(asked.dir, modern(asked))
      const url = `${asked.repo}/driver/${VERSION}/x86_64/${modern(asked)}`
      const line = [
        '-L',
        '--create-dirs',
        '-fsS',
        '--connect-timeout',
        '5',
        '--max-time',
        '60',
        '--retry',
        '3',
        '--retry-max-time',
        '120',
      ]
      return { file, result: await curl([...line, '-o', file, url]) }
    },
  },
  'falco-driver-loader 0.32.1 to 0.33': {
    download: async (asked) => {
      const file = join(asked.dir, modern(asked))
      const url = `${asked.repo}/driver/${VERSION}/x86_64/${modern(asked)}`
      return { file, result: await curl(['-L', '--create-dirs', '-fsS', '-o', file, url]) }
    },
  },
  'falco-driver-loader 0.23 to 0.32.0': {
    download: async (asked) => {
      // bash has #1 of `uname -v` and `uname -r` here.
      const name = `scap_debian_${asked.kernel.unameRelease}_1.ko`
      const file = join(asked.dir, name)
      const url = `${asked.repo}/driver/${VERSION}/${name}`
      return { file, result: await curl(['-L', '--create-dirs', '-fsS', '-o', file, url]) }
    },
  },
  'falco-driver-loader of April 2020': {
    download: async (asked) => {
      const name = `scap_debian_${asked.kernel.unameRelease}_1.ko`
      const file = join(asked.dir, name)
      const url = `${asked.repo}/kernel-module/${VERSION}/${name}`
      return { file, result: await curl(['--create-dirs', '-f', '-s', '-S', '-o', file, url]) }
    },
  },
  'sysdig-probe-loader of 2015 to 2020': {
    download: async (asked) => {
      const name = `sysdig-probe-${VERSION}-x86_64-${asked.kernel.unameRelease}-${asked.configMd5}.ko`
      const file = join(asked.dir, name)
      const url = `${asked.repo}/stable/sysdig-probe-binaries/${name}`
      return { file, result: await curl(['--create-dirs', '-f', '-s', '-S', '-o', file, url]) }
    },
  },
  falcoctl: {
    download: async (asked) => {
      const file = join(asked.dir, modern(asked))
      // Go's url.QueryEscape of the version, and nothing else.
      const url = `${asked.repo}/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/${modern(asked)}`
      return { file, result: await falcoctl(url, file) }
    },
  },
}

/** Follows at most ten redirects within sixty seconds. It writes the file only after a 200. */
async function falcoctl(url: string, file: string): Promise<Curl> {
  const end = Date.now() + 60_000
  let next = url
  for (let hops = 0; hops <= 10; hops += 1) {
    const { status, location, body } = await once(next, end - Date.now())
    if (status === 200) {
      await writeFile(file, body)
      return { code: 0, stdout: '', stderr: '' }
    }
    if (status < 300 || status > 399 || location === undefined)
      return { code: 1, stdout: '', stderr: `unexpected ${status}` }
    next = new URL(location, next).href
  }
  return { code: 1, stdout: '', stderr: 'stopped after 10 redirects' }
}

const once = (url: string, timeout: number) =>
  new Promise<{ status: number; location: string | undefined; body: Buffer }>((resolve, reject) => {
    const request = httpGet(url, { signal: AbortSignal.timeout(Math.max(1, timeout)) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          body: Buffer.concat(chunks),
        }),
      )
    })
    request.on('error', reject)
  })

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
let published: DebianKernel
let missing: DebianKernel[]
let failing: DebianKernel
const builds = async () =>
  (await readdir(join(work.dir, 'data/builds'))).filter((name) => name.endsWith('.log')).length

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings: TRIED })
  ;[published, ...missing] = debianKernels('6.1', 'cloud-amd64').concat(debianKernels('6.1', 'rt-amd64')) as [
    DebianKernel,
  ]
  failing = pinned('6.12', 'amd64')
  const path = (kernel: DebianKernel) =>
    `${registry.url}/driver/${VERSION}/x86_64/scap_debian_${kernel.release}_1.ko`
  await curl(['-fsSL', '-o', join(work.dir, 'first'), path(published)])
  await curl(['-fsSL', '-o', join(work.dir, 'none'), path(failing)])
}, 300_000)

afterAll(async () => {
  await registry.stop()
  await work.remove()
})

const asked = async (name: string, kernel: DebianKernel): Promise<Asked> => {
  const dir = join(work.dir, name.replaceAll(/\W+/g, '-'), kernel.unameRelease)
  await sh('mkdir', ['-p', dir])
  return { repo: registry.url, kernel, configMd5: md5((await hostFiles(kernel.unameRelease)).config), dir }
}

const NAMES = Object.keys(LOADERS)

describe.each(Object.entries(LOADERS))('%s', (name, loader) => {
  test('gets a published probe', async () => {
    const before = await builds()
    const { result, file } = await loader.download(await asked(name, published))
    expect(result).toMatchObject({ code: 0 })
    expect(await readFile(file)).toEqual(await readFile(join(work.dir, 'first')))
    expect(await builds()).toBe(before)
  }, 60_000)

  // Only the first and the last loader, because each needs a build.
  const testMissing = NAMES.slice(1, -1).includes(name) ? testLong : testUnless(undefined)
  testMissing(
    'gets a missing probe at its first request, built while it waits',
    async () => {
      const kernel = missing[NAMES.indexOf(name)]
      if (kernel === undefined) throw new Error('the archive has not enough 6.1 kernels')
      const before = await builds()
      const { result, file } = await loader.download(await asked(name, kernel))
      expect(result).toMatchObject({ code: 0 })
      expect(await sh('modinfo', ['-F', 'vermagic', file])).toContain(`${kernel.unameRelease} `)
      expect((await builds()) - before).toBe(1)
    },
    120_000,
  )

  test('stores no file if the build of the probe failed', async () => {
    const before = await builds()
    const { result, file } = await loader.download(await asked(name, failing))
    expect(result.code).not.toBe(0)
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await builds()).toBe(before)
  }, 180_000)
})
