import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readDirectory } from '../../../lib/aws/directory.ts'
import { tarGz } from '../../../lib/formats/tar-pack.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tar-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const extract = (archive: Uint8Array, into: string) => {
  mkdirSync(into)
  execFileSync('tar', ['-xz', '-C', into], { input: archive })
}

describe('an archive of a folder', () => {
  const deep = `${'deep/'.repeat(25)}${'n'.repeat(60)}.c`

  test('is unpacked by tar with its long paths and modes', async () => {
    mkdirSync(join(dir, 'src', 'deep/'.repeat(25)), { recursive: true })
    writeFileSync(join(dir, 'src', deep), 'deep')
    writeFileSync(join(dir, 'src/empty'), '')
    writeFileSync(join(dir, 'src/run.sh'), 'x'.repeat(513))
    chmodSync(join(dir, 'src/run.sh'), 0o755)
    extract(await readDirectory(join(dir, 'src')), join(dir, 'out'))
    expect(readFileSync(join(dir, 'out', deep), 'utf8')).toBe('deep')
    expect(readFileSync(join(dir, 'out/empty'), 'utf8')).toBe('')
    expect(statSync(join(dir, 'out/run.sh')).size).toBe(513)
    expect(statSync(join(dir, 'out/run.sh')).mode & 0o111).not.toBe(0)
  })

  test('has the same bytes whenever it is made, and leaves out symbolic links', async () => {
    mkdirSync(join(dir, 'src'))
    writeFileSync(join(dir, 'src/b'), 'b')
    writeFileSync(join(dir, 'src/a'), 'a')
    symlinkSync('/etc/passwd', join(dir, 'src/link'))
    const first = await readDirectory(join(dir, 'src'))
    utimesSync(join(dir, 'src/a'), 1, 1)
    expect(await readDirectory(join(dir, 'src'))).toEqual(first)
    expect(execFileSync('tar', ['-tz'], { input: first, encoding: 'utf8' })).toBe('a\nb\n')
  })

  test('fails with driver-source-not-found if the folder does not exist', async () => {
    await expect(readDirectory(join(dir, 'nowhere'))).rejects.toMatchObject({
      code: 'driver-source-not-found',
    })
  })

  test('refuses a path that does not fit in its format', () => {
    expect(() => tarGz([{ path: 'x'.repeat(300), body: new Uint8Array(), executable: false }])).toThrow(
      /too long/,
    )
  })
})
