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

/** Replaces the object as a PUT does: another file takes the name. */
function replace(content: string): void {
  writeFileSync(`${path}.new`, content)
  utimesSync(`${path}.new`, 1, 1)
  renameSync(`${path}.new`, path)
}

describe('a cached object', () => {
  test('is read once for several requests, both parallel and later ones', async () => {
    expect(await Promise.all([text(), text(), text()])).toEqual(['first', 'first', 'first'])
    expect(await text()).toBe('first')
    expect(reads).toHaveLength(1)
  })

  test('is read again after another file of the same size and time replaced it', async () => {
    utimesSync(path, 1, 1)
    expect(await text()).toBe('first')
    replace('other')
    expect(await text()).toBe('other')
  })

  test('is read again after its file was overwritten in place', async () => {
    expect(await text()).toBe('first')
    await new Promise((resolve) => setTimeout(resolve, 20))
    writeFileSync(path, 'wrong')
    expect(await text()).toBe('wrong')
  })

  test('disappears with its file', async () => {
    expect(await text()).toBe('first')
    rmSync(path)
    expect(await text()).toBeUndefined()
  })

  test('is not cached if it was replaced while it was read', async () => {
    during = () => replace('other')
    expect(await text()).toBe('first')
    during = () => {}
    expect(await text()).toBe('other')
  })

  test('is read again by the next request after a failed read', async () => {
    during = () => {
      throw new Error('not whole')
    }
    await expect(held.get(path)).rejects.toThrow('not whole')
    during = () => {}
    expect(await text()).toBe('first')
  })

  test('has at most 8 MB, and the cache at most 32: the least recently read object is removed first', async () => {
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
