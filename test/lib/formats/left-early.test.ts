// A reader that has found its file stops reading. The next archive must not wait for the rest of that one.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCpio } from '../../../lib/formats/cpio.ts'
import { decompressed } from '../../../lib/formats/decompress.ts'
import { tarHeads } from '../../../lib/formats/tar-stream.ts'

const MAX = 1 << 26
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'left-early-'))
  writeFileSync(join(folder, 'a'), 'wanted')
  // More than the decompressor unpacks at one time.
  writeFileSync(join(folder, 'b'), Buffer.alloc(8_000_000, 'the rest of it\n'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const xz = (format: 'ustar' | 'newc'): Buffer => {
  const plain = execFileSync('bsdtar', ['-c', '--format', format, '-f', '-', 'a', 'b'], {
    cwd: folder,
    maxBuffer: MAX,
  })
  return execFileSync('xz', ['-c'], { input: plain, maxBuffer: MAX })
}

/** Reads another archive to its end. Fails after 5 seconds. */
async function another(): Promise<number> {
  let bytes = 0
  const all = (async () => {
    for await (const chunk of decompressed(xz('ustar'), 'xz', MAX)) bytes += chunk.length
  })()
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('the next archive waits for the one that was left')), 5000)
  })
  await Promise.race([all, late])
  return bytes
}

describe('the next archive is read although the last one was left early', () => {
  test('as tar, after its file was found', async () => {
    const bounds = { maxBytes: MAX, maxEntries: 9 }
    for await (const { path } of tarHeads(decompressed(xz('ustar'), 'xz', MAX), bounds)) {
      expect(path).toBe('a')
      break
    }
    expect(await another()).toBeGreaterThan(8_000_000)
  })

  test('as tar, because it has too many files', async () => {
    const all = async () => {
      for await (const _ of tarHeads(decompressed(xz('ustar'), 'xz', MAX), { maxBytes: MAX, maxEntries: 1 }));
    }
    await expect(all()).rejects.toThrow('more than 1 entries')
    expect(await another()).toBeGreaterThan(8_000_000)
  })

  test('as cpio, after its file was found', async () => {
    const found: string[] = []
    const take = (_: unknown, body: Uint8Array) => {
      found.push(Buffer.from(body).toString())
      return 'enough' as const
    }
    await readCpio(decompressed(xz('newc'), 'xz', MAX), () => true, take)
    expect(found).toEqual(['wanted'])
    expect(await another()).toBeGreaterThan(8_000_000)
  })

  test('as cpio, because it is not a cpio archive', async () => {
    const none = readCpio(
      decompressed(xz('ustar'), 'xz', MAX),
      () => false,
      () => 'go-on',
    )
    await expect(none).rejects.toMatchObject({ code: 'digest-mismatch' })
    expect(await another()).toBeGreaterThan(8_000_000)
  })
})
