// What a header package says of its kernels: its trees' configs, read once, out of packages that may be anything.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { treeConfigs } from '../../../../lib/kernels/debian/tree-configs.ts'
import { memoryPorts } from '../../../support/memory.ts'

type Compression = 'xz' | 'gzip' | 'zstd' | 'none'

function debOf(files: Readonly<Record<string, string>>, compression: Compression = 'xz'): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'deb-'))
  try {
    const control = 'Package: a\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: a\n'
    for (const [path, body] of Object.entries({ ...files, 'DEBIAN/control': control })) {
      mkdirSync(dirname(join(folder, 'root', path)), { recursive: true })
      writeFileSync(join(folder, 'root', path), body)
    }
    const [from, to] = [join(folder, 'root'), join(folder, 'a.deb')]
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', from, to])
    return readFileSync(to)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function reader(deb: Buffer) {
  const { store } = memoryPorts({ now: Date.now })
  const digest = createHash('sha256').update(deb).digest('hex')
  const pkg = { name: 'raspberrypi-kernel-headers', version: '1:1-1', url: 'http://m.invalid/a.deb' }
  let fetched = 0
  const fetch = async () => {
    fetched += 1
    return deb
  }
  const listed = { ...pkg, sha256: digest, bytes: deb.length, depends: '', format: 'deb' } as const
  return {
    read: (enough?: (tree: string) => boolean) =>
      treeConfigs({ inputs: store.inputs, fetch }, listed, enough),
    fetched: () => fetched,
  }
}

const FILES = {
  'usr/src/linux-headers-6.1.21-v7+/.config': 'CONFIG_ARM=y\n',
  'usr/src/linux-headers-6.1.21-v8+/.config': 'CONFIG_ARM64=y\n',
  'usr/src/linux-headers-6.1.21-v8+/scripts/.config': 'of no tree\n',
  'usr/share/doc/.config': 'of no tree\n',
}

describe('the configs of a header package', () => {
  test.each<Compression>(['xz', 'gzip', 'zstd', 'none'])(
    'packed by %s are those of its trees',
    async (by) => {
      const configs = [...(await reader(debOf(FILES, by)).read())]
      expect(configs.map(([tree, config]) => [tree, Buffer.from(config).toString()])).toEqual([
        ['usr/src/linux-headers-6.1.21-v7+', 'CONFIG_ARM=y\n'],
        ['usr/src/linux-headers-6.1.21-v8+', 'CONFIG_ARM64=y\n'],
      ])
    },
  )

  test('are read once, and no further than is asked for', async () => {
    const { read, fetched } = reader(debOf(FILES))
    const first = await read((tree) => tree.endsWith('-v7+'))
    expect([...first.keys()]).toEqual(['usr/src/linux-headers-6.1.21-v7+'])
    expect([...(await read()).keys()]).toEqual([...first.keys()])
    expect(fetched()).toBe(1)
  })

  test('that are larger than a kernel’s, or more, are refused', async () => {
    const large = debOf({ 'usr/src/linux-headers-1/.config': 'x'.repeat(1024 * 1024 + 1) })
    await expect(reader(large).read()).rejects.toMatchObject({ code: 'too-large' })
    const many = Array.from({ length: 9 }, (_, i) => [`usr/src/linux-headers-${i}/.config`, ''] as const)
    await expect(reader(debOf(Object.fromEntries(many))).read()).rejects.toMatchObject({ code: 'too-large' })
  })

  test('in half a package are not read', async () => {
    const deb = debOf({ 'usr/src/linux-headers-1/a': 'x'.repeat(100_000) }, 'none')
    await expect(reader(deb.subarray(0, 60_000)).read()).rejects.toMatchObject({ code: 'digest-mismatch' })
    await expect(reader(Buffer.from('no deb')).read()).rejects.toMatchObject({ code: 'digest-mismatch' })
  })
})
