// Measures how one more probe enters the package lists of apt and rpm, from its event to the moved item, over
// the local S3 and DynamoDB, when the driver version already has many packages.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { S3Client } from '@aws-sdk/client-s3'
import { createImages } from '../lib/aws/images.ts'
import { createPointers } from '../lib/aws/pointers.ts'
import { createStore } from '../lib/aws/store.ts'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { sha256 } from '../lib/model/digest.ts'
import { listObject } from '../lib/model/keys.ts'
import type { Pointer } from '../lib/model/pointer.ts'
import type { Store } from '../lib/model/ports.ts'
import { fileOf } from '../lib/names/file.ts'
import { probeOf } from '../lib/names/grammar.ts'
import { repositoryId } from '../lib/packages/apt/paths.ts'
import type { PackagePorts } from '../lib/packages/channel.ts'
import { packages } from '../lib/packages/packages.ts'
import { generateSigningKey } from '../lib/signing/key.ts'
import { createSigner } from '../lib/signing/signer.ts'
import { createS3 } from '../local/s3/s3.ts'
import { type DynamoDbLab, startDynamoDb } from '../test/support/aws/dynamodb-lab.ts'
import { memoryIndex } from '../test/support/memory.ts'
import { RPM_SIZES, rpmSize } from './rpm-lists.ts'
import type { Measure, Stage } from './stage.ts'
import type { Row } from './table.ts'
import { load, seconds } from './turns.ts'

const GOAL_SECONDS = 2
/** Packages in one list. Debian's 6.1 has had about 200 kernels in its four years, over all flavours. */
const IN_A_LIST = 1000
const BYTES_OF_A_MODULE = 800_000

interface Size {
  readonly what: string
  readonly packages: number
}

const SIZES: readonly Size[] = [100, 10_000, 100_000].map((packages) => ({
  what: `${packages} packages: one update`,
  packages,
}))

export const measurePackages: Measure = async (stage) => {
  const registry = await startRegistry(stage)
  try {
    const rows: Row[] = []
    for (const size of [...SIZES.map(aptSize), ...RPM_SIZES.map(rpmSize)])
      rows.push(await measured(registry, size, stage.rounds))
    return rows
  } finally {
    await registry.stop()
  }
}

/** A filled repository, and the probe that is added to it. */
export interface Filled {
  readonly what: string
  readonly driverVersion: string
  /** Writes the lists as that many updates would have left them. */
  fill(ports: PackagePorts): Promise<void>
  kernel(number: number): PublishedKernel
}

interface PublishedKernel {
  readonly target: string
  readonly release: string
  /** name and version of the kernel's package */
  readonly headers: readonly [string, string]
}

function aptSize(size: Size, i: number): Filled {
  const driverVersion = `1.${i}.0+driver`
  return {
    ...{ what: size.what, driverVersion },
    fill: (ports) => fill(ports, driverVersion, size),
    kernel: (number) => ({ target: 'debian', release: `6.0.${number}-1-amd64`, headers: ['driver', '1'] }),
  }
}

async function measured(registry: Registry, size: Filled, rounds: number): Promise<Row> {
  await size.fill(registry.ports)
  const [times, loads]: [number[], number[]] = [[], []]
  // The first round opens connections and compiles code, like a new function.
  for (let round = -1; round < rounds; round += 1) {
    const key = await registry.publish(size.driverVersion, size.kernel(1000 + round))
    const took = await seconds(() => packages(registry.ports, key))
    if (round < 0) continue
    times.push(took)
    loads.push(load())
  }
  return {
    ...{ name: 'packages', what: size.what, against: `${GOAL_SECONDS} s`, goal: { atMost: 1 }, loads },
    ratios: times.map((time) => time / GOAL_SECONDS),
    note: `${times.map((time) => time.toFixed(2)).join(', ')} s`,
  }
}

async function itemsIn({ client, table }: DynamoDbLab) {
  const name = await table()
  return { pointers: createPointers(client, name), images: createImages(client, name) }
}

type Registry = Awaited<ReturnType<typeof startRegistry>>

async function startRegistry({ folder }: Stage) {
  const [s3, table] = [await startS3(join(folder, 'packages-s3')), await startDynamoDb()]
  const index = memoryIndex(Date.now)
  const key = await generateSigningKey({ name: 'Probe registry', email: 'probes@example.org' }, () => 0)
  const ports: PackagePorts = {
    index: index.index,
    artifacts: s3.store,
    ...(await itemsIn(table)),
    signer: createSigner(async () => key.privateKey, Date.now),
    now: Date.now,
    log: () => {},
    settings: DEFAULTS,
  }
  const source = { name: 'driver', version: '1', url: 'https://example.org/driver', sha256: 'a'.repeat(64) }

  /** Writes the state of a published probe, and the objects that a build would have left. */
  async function publish(driverVersion: string, kernel: PublishedKernel): Promise<string> {
    const key = `driver/${driverVersion}/x86_64/scap_${kernel.target}_${kernel.release}_1.ko`
    const [name, version] = kernel.headers
    const module = Uint8Array.from({ length: BYTES_OF_A_MODULE }, (_, i) => (i * i) >> (i % 13))
    const objectKey = `${key}/${sha256(module)}/${fileOf(probeOf(key))}`
    for (const [suffix, body] of [['', module] as const, ['.asc', Buffer.from('a signature')] as const])
      await create(s3.store, objectKey + suffix, body)
    const provenance = {
      ...{ unameRelease: kernel.release, driverSource: source, headers: [{ ...source, name, version }] },
      ...{ compiler: 'gcc-12', compilerVersion: 'gcc 12', timings: {} },
    }
    const publication = {
      sha256: sha256(module),
      bytes: module.length,
      objectKey,
      publishedAt: 0,
      provenance,
    }
    index.states.set(key, { state: 'published', id: 'c', attempt: 1, ...publication })
    return key
  }
  return {
    ports,
    publish,
    stop: async () => {
      s3.stop()
      await table.stop()
    },
  }
}

/** The local stack's S3, with one principal who may do everything. */
async function startS3(dir: string) {
  const credentials = { accessKeyId: 'AKIABENCH', secretAccessKey: 'bench', sessionToken: 'bench' }
  const principal = { name: 'bench', ...credentials, may: () => true }
  const { service } = createS3({
    ...{ dir, buckets: ['artifacts'], prefix: '/s3', principals: () => principal, now: Date.now },
    onError: (error) => console.error(error),
  })
  const server = createServer((request, response) => void service(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new S3Client({
    ...{ region: 'us-east-1', endpoint: `http://127.0.0.1:${port}/s3`, forcePathStyle: true },
    credentials,
  })
  return {
    store: createStore(client, 'artifacts'),
    stop: () => {
      client.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}

const create = (store: Pick<Store, 'create'>, key: string, body: Uint8Array) =>
  store.create(key, body, { contentType: '', sha256: sha256(body) })

/**
 * Writes lists of this many packages, as that many updates would have left them. The measured probe enters
 * the first list.
 */
async function fill({ artifacts, pointers }: PackagePorts, driverVersion: string, size: Size): Promise<void> {
  const files: Record<string, Pointer['files'][string]> = {}
  for (let list = 0; list * IN_A_LIST < size.packages; list += 1) {
    const path = `debian-6.${list}/binary-amd64/Packages`
    const count = Math.min(IN_A_LIST, size.packages)
    const body = Buffer.from(Array.from({ length: count }, (_, i) => stanza(list, i)).join(''))
    for (const [name, bytes] of [[path, body] as const, [`${path}.gz`, gzipSync(body)] as const]) {
      await create(artifacts, listObject('apt', sha256(bytes)), bytes)
      files[name] = { sha256: sha256(bytes), bytes: bytes.length }
    }
  }
  await pointers.move(repositoryId(driverVersion), { number: 1, date: 0, files })
}

/** A stanza as large as a real one. */
const stanza = (list: number, i: number): string => `\
Package: scap-probe-1.0.0+driver-6.${list}.0-${i}-amd64
Version: 6.${list}.${i}-1
Architecture: amd64
Maintainer: Probe registry <probes@registry.invalid>
Installed-Size: 830
Depends: kmod
Provides: scap-probe (= 1.0.0+driver), scap-probe-6.${list}.0-${i}-amd64
Conflicts: scap-probe-6.${list}.0-${i}-amd64
Replaces: scap-probe-6.${list}.0-${i}-amd64
Section: kernel
Priority: optional
Description: Falco's kernel module for Linux 6.${list}.0-${i}-amd64
 Driver 1.0.0+driver, built for exactly this kernel by a probe registry.
Filename: pool/driver/1.0.0+driver/x86_64/scap_debian_6.${list}.${i}-1-amd64_1.ko/${sha256(`${list}/${i}`)}/a.deb
Size: 250000
SHA256: ${sha256(`${list}/${i}`)}

`
