import { mkdtempSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HeldObjects, holdObjects } from '../../../local/s3/held.ts'

const MB = 1024 * 1024
let dir: string
let path: string
let reads: string[]
let during: () => void
let held: HeldObjects

const info = { key: 'k', etag: '""', lastModified: 0, headers: {}, checksums: {} }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'held-'))
  path = join(dir, 'object')
  reads = []
  during = () => {}
  held = holdObjects(async (file, from) => {
    reads.push(from)
    during()
    const bytes = await file.readFile()
    return { info: { ...info, bytes: bytes.length }, bytes }
  })
  writeFileSync(path, 'first')
})
afterEach(() => rmSync(dir, { recursive: true }))

const text = async (at = path) => (await held.get(at))?.bytes.toString()

/** As an object is put: another file takes the name. */
function replace(content: string): void {
  writeFileSync(`${path}.new`, content)
  utimesSync(`${path}.new`, 1, 1)
  renameSync(`${path}.new`, path)
}

describe('an object that is held', () => {
  test('is read once, however many ask at one time and after it', async () => {
    expect(await Promise.all([text(), text(), text()])).toEqual(['first', 'first', 'first'])
    expect(await text()).toBe('first')
    expect(reads).toHaveLength(1)
  })

  test('is another one once another file has its place, though it is as long and as old', async () => {
    utimesSync(path, 1, 1)
    expect(await text()).toBe('first')
    replace('other')
    expect(await text()).toBe('other')
  })

  test('is read again when its file was written to where it lies', async () => {
    expect(await text()).toBe('first')
    await new Promise((resolve) => setTimeout(resolve, 20))
    writeFileSync(path, 'wrong')
    expect(await text()).toBe('wrong')
  })

  test('is gone when its file is', async () => {
    expect(await text()).toBe('first')
    rmSync(path)
    expect(await text()).toBeUndefined()
  })

  test('is not held for others when it was replaced while it was read', async () => {
    during = () => replace('other')
    expect(await text()).toBe('first')
    during = () => {}
    expect(await text()).toBe('other')
  })

  test('that cannot be read is tried again by the next who asks', async () => {
    during = () => {
      throw new Error('not whole')
    }
    await expect(held.get(path)).rejects.toThrow('not whole')
    during = () => {}
    expect(await text()).toBe('first')
  })

  test('is at most 8 MB, and all together at most 32: who is longest without a reader goes first', async () => {
    truncateSync(path, 8 * MB + 1)
    expect(await held.get(path)).toBeUndefined()
    const files = ['a', 'b', 'c', 'd', 'e'].map((name) => join(dir, name))
    for (const file of files) writeFileSync(file, Buffer.alloc(8 * MB))
    const [a, b, c, d, e] = files as [string, string, string, string, string]
    for (const file of [a, b, c, d, a, e]) await held.get(file)
    reads = []
    for (const file of [a, c, d, e]) await held.get(file)
    expect(reads).toEqual([])
    await held.get(b)
    expect(reads).toEqual([b])
  })
})
