import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { contentsOfDeb } from '../../../lib/formats/deb.ts'
import { type DebParts, packDeb } from '../../../lib/formats/deb-pack.ts'
import { tarEntries } from '../../../lib/formats/tar.ts'

const dir = mkdtempSync(join(tmpdir(), 'deb-pack-'))
afterAll(() => rmSync(dir, { recursive: true }))

const LONG = `usr/share/doc/${'a-long-name-of-a-package-'.repeat(6)}/copyright`
const CONTROL = 'Package: a\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a\n'
const parts: DebParts = {
  control: [
    { path: 'control', body: Buffer.from(CONTROL) },
    { path: 'postinst', body: Buffer.from('#!/bin/sh\n'), executable: true },
  ],
  data: [
    { path: 'lib/modules/6.1.0/extra/a.ko', body: Buffer.alloc(70_001, 7) },
    { path: LONG, body: Buffer.from('long') },
    { path: 'usr/share/empty', body: Buffer.alloc(0) },
  ],
  time: 1_700_000_000,
}

test('dpkg-deb finds the control file, and unpacks every file with its bytes and its time', () => {
  const file = join(dir, 'a.deb')
  writeFileSync(file, packDeb(parts))
  expect(execFileSync('dpkg-deb', ['-f', file]).toString()).toBe(CONTROL)
  const root = join(dir, 'root')
  execFileSync('dpkg-deb', ['-x', file, root])
  for (const { path, body } of parts.data) {
    expect(readFileSync(join(root, path)).equals(Buffer.from(body)), path).toBe(true)
    expect(statSync(join(root, path)).mtimeMs).toBe(parts.time * 1000)
  }
  execFileSync('dpkg-deb', ['-e', file, join(dir, 'control')])
  expect(statSync(join(dir, 'control/postinst')).mode & 0o777).toBe(0o755)
})

test('each folder precedes its contents, and root owns everything', () => {
  const file = join(dir, 'b.deb')
  writeFileSync(file, packDeb(parts))
  const listed = execFileSync('dpkg-deb', ['-c', file]).toString().trimEnd().split('\n')
  expect(listed.every((line) => / (root|0)\/(root|0) /.test(line))).toBe(true)
  const paths = listed.map((line) => line.replace(/^.* \.\//, './'))
  expect(paths[0]).toBe('./')
  for (const path of paths.slice(1)) {
    const parent = path.replace(/[^/]+\/?$/, '')
    expect(paths.indexOf(parent), path).toBeGreaterThanOrEqual(0)
    expect(paths.indexOf(parent)).toBeLessThan(paths.indexOf(path))
  }
})

const name = fc.stringMatching(/^[a-z0-9][a-z0-9.+-]{0,40}$/)
const file = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/')),
  body: fc.uint8Array({ maxLength: 2000 }),
})

test('packed files are read back unchanged, and the order of the parts does not change the bytes', async () => {
  const some = fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(some, async (files) => {
      // A file cannot be a folder, too.
      const data = files.filter(({ path }) => !files.some((other) => other.path.startsWith(`${path}/`)))
      const deb = packDeb({ ...parts, data })
      expect(Buffer.from(packDeb({ ...parts, data: data.toReversed() })).equals(Buffer.from(deb))).toBe(true)
      const read = new Map<string, Uint8Array>()
      let long: string | undefined
      for (const entry of tarEntries(await contentsOfDeb(deb))) {
        if (entry.type === 'L') long = Buffer.from(entry.body).toString().replace(/\0$/, '')
        else {
          if (entry.type === '0')
            read.set((long ?? entry.path).replace(/^\.\//, ''), Uint8Array.from(entry.body))
          long = undefined
        }
      }
      expect(read).toEqual(new Map(data.map(({ path, body }) => [path, body])))
    }),
    { numRuns: 60 },
  )
})
