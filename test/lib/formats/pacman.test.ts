// Tests the reader of pacman packages: real ones with the signatures of a real database, and files that are not packages.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPacman } from '../../../lib/archives/pacman/database.ts'
import { signaturesOf } from '../../../lib/formats/openpgp/signature.ts'
import { check } from '../../../lib/formats/openpgp/verify.ts'
import { readPacmanPackage } from '../../../lib/formats/pacman.ts'
import { certificatesOf, vector } from '../../support/archives.ts'
import { packPacman } from '../../support/pacman/repository.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pacman-package-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const nothing = [() => false, () => true] as const
const CONFIG = 'usr/lib/modules/6.6.1-arch1-1/build/.config'

describe('a real package', () => {
  test.each([
    ['dnssec-anchors', '20170711-1', 'any', 'arch-bisson', '5A2257D19FF7E1E0E415968CE62F853100F0D0F0'],
    ['pacman-mirrorlist', '20171203-1', 'any', 'arch-pritz', 'CFA6AF15E5C74149FC1D8C086D1655C14CE1C13E'],
    ['pambase', '20171006-1', 'any', 'arch-hesse', '02FD1C7A934E614545849F19A6234074498E9CEE'],
    ['filesystem', '2017.10-2', 'x86_64', 'arch-luttringer', '57224EC9A5FCA6FBC92BB8AA4A1AFC345EBE18F8'],
  ])(
    '%s %s names its version and architecture, and is signed by the key that gpg found',
    async (name, version, arch, keys, by) => {
      const file = vector(`pacman/arch-${name}-${version}-${arch}.pkg.tar.xz`)
      const { identity } = await readPacmanPackage(file, ...nothing)
      expect(identity).toMatchObject({ name, version, arch })
      expect(identity.built).toBeGreaterThan(1_400_000_000)
      const list = await readPacman(vector('pacman/arch-core-2017.db'), 'https://m.invalid', () => true)
      const listed = list.find((pkg) => pkg.name === name)
      const signatures = signaturesOf(Buffer.from(listed?.signature ?? '', 'base64'))
      const believed = { certificates: certificatesOf(keys), now: Date.now() }
      expect(check(signatures, [file], believed)).toMatchObject({ tag: 'good', signer: { fingerprint: by } })
      expect(check(signatures, [file.subarray(1)], believed)).toMatchObject({ reason: 'not-the-bytes' })
    },
  )

  test('of another distribution, compressed by zstd, gives files by their paths', async () => {
    const file = vector('pacman/msys2-pacman-mirrors-20240523-1-any.pkg.tar.zst')
    const found = await readPacmanPackage(
      file,
      (path) => path === 'etc/pacman.d/mirrorlist.msys',
      (files) => files.size === 2,
    )
    expect(Buffer.from(found.files.get('etc/pacman.d/mirrorlist.msys') ?? '').toString()).toMatch(/Server = /)
  })
})

describe('a package', () => {
  const pack = (compression: 'zst' | 'xz', content: Record<string, string>) =>
    readFileSync(packPacman(dir, { name: 'linux-headers', version: '6.6.1.arch1-1', compression, content }))

  test.each(['zst', 'xz'] as const)(
    'compressed by %s is read no further than needed',
    async (compression) => {
      const file = pack(compression, { [CONFIG]: 'CONFIG_X=y\n', 'var/z': 'x'.repeat(5_000_000) })
      const asked: string[] = []
      const { identity, files } = await readPacmanPackage(
        file,
        (path) => asked.push(path) > 0 && path === CONFIG,
        (found) => found.has(CONFIG),
      )
      expect(identity).toEqual({
        ...{ name: 'linux-headers', version: '6.6.1.arch1-1', arch: 'x86_64', built: 1_700_000_000 },
      })
      expect(Buffer.from(files.get(CONFIG) ?? '').toString()).toBe('CONFIG_X=y\n')
      expect(asked).not.toContain('var/z')
    },
  )

  test('is read after others were left in their middle', async () => {
    const file = pack('xz', { [CONFIG]: 'CONFIG_X=y\n', 'var/z': 'x'.repeat(5_000_000) })
    for (const _ of [1, 2, 3])
      expect((await readPacmanPackage(file, ...nothing)).identity.name).toBe('linux-headers')
  })

  test.each([
    ['without a description', (work: string) => `echo x >a; tar -cf - a | zstd -q -c >${work}`],
    [
      'whose description says nothing',
      (work: string) => `echo '# none' >.PKGINFO; tar -cf - .PKGINFO | zstd -q -c >${work}`,
    ],
    [
      'that is cut off',
      (work: string) => `head -c 9999 /dev/urandom >.PKGINFO; tar -cf - .PKGINFO | head -c 5000 >${work}`,
    ],
    ['that is an error page', (work: string) => `yes '<html>' | head -c 5000 >${work}`],
  ])('%s is refused', async (_, make) => {
    const folder = mkdtempSync(join(dir, 'made-'))
    execFileSync('sh', ['-euc', make(join(folder, 'file'))], { cwd: folder })
    await expect(readPacmanPackage(readFileSync(join(folder, 'file')), ...nothing)).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringMatching(/^it is not a package of pacman: /),
    })
  })
})
