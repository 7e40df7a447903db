// A mirror of kernel.org, or somebody who answers in its place, serves other sources than the signed ones.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFetch } from '../../lib/aws/fetch.ts'
import { kernelSource, type SourcePorts } from '../../lib/kernels/vanilla/source.ts'
import {
  type GpgSigner,
  gpgSigner,
  type KernelOrg,
  NO_KERNEL_ORG,
  release,
  type Signer,
  signer,
  startKernelOrg,
} from '../support/kernel-org.ts'
import { memoryPorts } from '../support/memory.ts'
import { kernelTar, libsArchive, packXz } from '../support/sources.ts'
import { testLong } from '../support/unless.ts'

const VERSION = '6.1.54'
const [XZ, SIGN] = [`linux-${VERSION}.tar.xz`, `linux-${VERSION}.tar.sign`]
const TAR = kernelTar(VERSION)
/** An offset inside the text of a file. */
const LETTER = Buffer.from(TAR).indexOf('GPL-2.0')

let kernelOrg: KernelOrg
let by: GpgSigner
let another: Signer
beforeAll(async () => {
  kernelOrg = await startKernelOrg()
  by = gpgSigner()
  another = await signer('Somebody Else')
})
afterAll(() => {
  by.remove()
  kernelOrg.stop()
})

/** A registry that never saw a source. */
function registry(archive = kernelOrg.archive) {
  const { store, sources, inside, ...memory } = memoryPorts({ now: Date.now })
  const records: string[] = []
  const ports: SourcePorts = {
    ...memory,
    inputs: store.inputs,
    fetch: createFetch(),
    sources: {
      ...sources,
      record: (id, source) => {
        records.push(`${id} ${source.sha256}`)
        return sources.record(id, source)
      },
    },
    findPackages: async () => [],
  }
  const settings = { archive, keys: [by.key], packages: ['linux-source-{series}'] }
  return {
    kernel: () => kernelSource(ports, settings, { version: VERSION, arch: 'x86_64' }),
    kept: () => [...records, ...inside.objects.inputs.keys()],
  }
}

/** The server's answers for the two files. A number is a status. */
type Answers = Readonly<Record<string, Uint8Array | string | number>>
const serve = (answers: Answers) => {
  for (const name of Object.keys(kernelOrg.files)) delete kernelOrg.files[name]
  Object.assign(kernelOrg.files, answers)
}
const page = '<html>Service temporarily unavailable</html>'
const packed = packXz(TAR)
/** Any tar, signed by the right key. */
const signed = async (tar: Uint8Array, xz = packXz(tar)): Promise<Answers> => ({
  [XZ]: xz,
  [SIGN]: await by.sign(tar),
})
const withSignature = async (xz: Uint8Array | string | number) => ({ [XZ]: xz, [SIGN]: await by.sign(TAR) })

/** The output of a command, packed into less than a megabyte. */
const quickly = (command: string, input?: Uint8Array) =>
  new Uint8Array(execFileSync('sh', ['-c', `{ ${command}; } | xz -0 -T0`], { input, maxBuffer: 1 << 26 }))

const bomb = () => quickly('cat; head -c 5368709120 /dev/zero | tr "\\0" x', headerOf('77777777777'))
const manyEntries = () => quickly('cat', Buffer.alloc(512 * 300_001, headerOf('00000000000')))

/** The tar header of a file of that size. */
function headerOf(size: string): Uint8Array {
  const header = Buffer.from(TAR.subarray(0, 512))
  header.write(size, 124)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

const REFUSED: readonly [string, string, RegExp, () => Promise<Answers>][] = [
  [
    'a signature by another key',
    'signature-invalid',
    /\.tar\.sign is not believed: it is by [0-9A-F]{16}, and the keys that are believed are ABAF11C6/,
    async () => ({ [XZ]: packed, [SIGN]: await another.sign(TAR) }),
  ],
  [
    'the signature of another version',
    'signature-invalid',
    /the signature of 20\d\d-\d\d-\d\d by [0-9A-F]{40} \(Stable Releases .*\) does not hold/,
    async () => ({ [XZ]: packed, [SIGN]: await by.sign(kernelTar('6.1.53')) }),
  ],
  [
    'a tar with a bit that is not its own',
    'signature-invalid',
    /does not hold/,
    async () => withSignature(packXz(TAR.map((byte, at) => (at === LETTER ? byte ^ 1 : byte)))),
  ],
  [
    'the tar, and more behind it',
    'signature-invalid',
    /does not hold/,
    async () => withSignature(packXz(Buffer.concat([TAR, Buffer.alloc(512)]))),
  ],
  [
    'the signature over what is packed',
    'signature-invalid',
    /does not hold/,
    async () => ({ [XZ]: packed, [SIGN]: await by.sign(packed) }),
  ],
  [
    'an older version that is signed',
    'signature-invalid',
    /it is signed, but holds no Makefile of Linux 6\.1\.54/,
    () => signed(kernelTar('6.1.5')),
  ],
  ['a newer one', 'signature-invalid', /holds no Makefile of Linux/, () => signed(kernelTar('6.1.541'))],
  [
    'one of before its release',
    'signature-invalid',
    /holds no Makefile of Linux/,
    () => signed(kernelTar(VERSION, ' -rc3')),
  ],
  [
    'no signature beside it',
    'signature-invalid',
    /linux-6\.1\.54\.tar\.xz is not believed: its signature .*linux-6\.1\.54\.tar\.sign is missing/,
    async () => ({ [XZ]: packed }),
  ],
  [
    'a signature of a megabyte',
    'too-large',
    /linux-6\.1\.54\.tar\.sign is larger than/,
    async () => ({ [XZ]: packed, [SIGN]: 'x'.repeat(1 << 20) }),
  ],
  [
    'an error page for a signature',
    'mirror-unreachable',
    /does not answer with an OpenPGP signature/,
    async () => ({ [XZ]: packed, [SIGN]: page }),
  ],
  [
    'an error page for an archive',
    'mirror-unreachable',
    /is not a complete tar\.xz archive/,
    () => withSignature(page),
  ],
  [
    'an empty file',
    'mirror-unreachable',
    /is not a complete tar\.xz archive: it is empty/,
    () => withSignature(''),
  ],
  [
    'half of it',
    'mirror-unreachable',
    /is not a complete tar\.xz archive/,
    () => withSignature(packed.subarray(0, packed.length >> 1)),
  ],
  [
    'all but its last byte',
    'mirror-unreachable',
    /is not a complete tar\.xz archive/,
    () => withSignature(packed.subarray(0, -1)),
  ],
  [
    'an archive in another format',
    'mirror-unreachable',
    /is not a complete tar\.xz archive/,
    () => withSignature(libsArchive()),
  ],
  [
    'megabytes of something else',
    'mirror-unreachable',
    /is not a complete tar\.xz archive: it is not a tar archive, or it is corrupt/,
    () => signed(randomBytes(4 << 20)),
  ],
  ['an error', 'mirror-unreachable', /answers 503/, async () => ({ [XZ]: 503, [SIGN]: 503 })],
  ['an error for the archive alone', 'mirror-unreachable', /answers 503/, () => withSignature(503)],
  ['no such version', 'headers-not-found', /answers 404.*kernelurls/, async () => ({})],
]

describe('a kernel', () => {
  test.each(REFUSED)(
    'is not built if a server has %s: %s, and the registry keeps nothing of it',
    async (_, code, message, answers) => {
      const { kernel, kept } = registry()
      serve(await answers())
      await expect(kernel()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
      expect(kept()).toEqual([])
      const right = await release(VERSION, by)
      serve(right)
      expect(await kernel()).toMatchObject({ bytes: right[XZ]?.length, format: 'tar.xz' })
      expect(kept()).toHaveLength(2)
    },
  )

  for (const [what, message, pack] of [
    ['five gigabytes', /it unpacks to more than 4294967296 bytes/, bomb],
    ['more files than any kernel has', /it has more than 300000 entries/, manyEntries],
  ] as const)
    testLong(`for which a server has ${what} in one is not built, and holds nothing up`, async () => {
      const { kernel, kept } = registry()
      serve(await withSignature(pack()))
      await expect(kernel()).rejects.toMatchObject({
        code: 'mirror-unreachable',
        message: expect.stringMatching(message),
      })
      expect(kept()).toEqual([])
      serve(await release(VERSION, by))
      expect(await kernel()).toMatchObject({ format: 'tar.xz' })
    })

  test('fails within a second if the server refuses connections', async () => {
    const began = Date.now()
    await expect(registry(NO_KERNEL_ORG).kernel()).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/could not be read: .*ECONNREFUSED/),
    })
    expect(Date.now() - began).toBeLessThan(1000)
  })
})
