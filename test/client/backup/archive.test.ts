// Tests the format of a backup: reading refuses everything that is not exactly as it was written.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FORM, HEADER, MODE, SUMS, sumLine } from '../../../client/backup/form.ts'
import { openArchive } from '../../../client/backup/read.ts'
import { type Writer, writeArchive } from '../../../client/backup/write.ts'
import { endOfArchive, fileHead, filePadding } from '../../../lib/formats/tar-pack.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'
import { sh } from '../../support/registry/registry.ts'

const table = (TableName: string) => ({ TableName, KeySchema: [], AttributeDefinitions: [] })
const header = (more: object = {}) => ({
  ...{ backup: 'probe-registry', form: FORM, dataForm: 1, madeAt: '1970-01-01T00:00:00.000Z' },
  buckets: { artifacts: 'some-artifacts', inputs: 'some-inputs' },
  tables: { probes: table('some-probes'), sources: table('some-sources') },
  ...more,
})
const OBJECT = `objects/artifacts/${'a'.repeat(64)}`
type Files = readonly (readonly [path: string, body: string])[]
const files = (...more: Files): Files => [[HEADER, JSON.stringify(header())], ...more]
const GOOD = files(['tables/probes/000001.json', '[]'], [OBJECT, 'x'.repeat(1500)])

/** Packs an archive by hand, so that it can be wrong. */
function packed(
  entries: Files,
  { sums, mode = MODE, tail = '' }: { sums?: string; mode?: number; tail?: string } = {},
) {
  const digest = (body: string) => createHash('sha256').update(body).digest('hex')
  const said = sums ?? entries.map(([path, body]) => sumLine(digest(body), path)).join('')
  const all = [...entries, [SUMS, said] as const].flatMap(([path, body]) => [
    fileHead(path, mode, Buffer.byteLength(body)),
    Buffer.from(body),
    filePadding(Buffer.byteLength(body)),
  ])
  return Buffer.concat([...all, endOfArchive(), Buffer.from(tail)])
}

async function opened(bytes: Uint8Array) {
  const file = join(temporaryFolder(), 'backup.tar')
  writeFileSync(file, bytes)
  const archive = await openArchive(file)
  await archive.close()
  return archive
}
const written = async (fill: (writer: Writer) => Promise<void>, file = join(temporaryFolder(), 'b.tar')) => {
  await writeArchive(file, fill, async () => {})
  return file
}
const addAll =
  (entries: Files) =>
  async ({ add }: Writer) => {
    for (const [path, body] of entries) await add(path, body.length, [Buffer.from(body)])
  }

describe('an archive', () => {
  test('is readable only by this user, and is read back unchanged', async () => {
    const file = await written(addAll(GOOD))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file).equals(packed(GOOD))).toBe(true)
    const { header: read, parts } = await opened(readFileSync(file))
    expect(read).toEqual(header())
    expect([...parts.keys()]).toEqual(['tables/probes/000001.json', OBJECT])
  })

  test('can be unpacked by tar and checked by sha256sum', async () => {
    const file = await written(addAll(GOOD))
    const dir = temporaryFolder()
    await sh('tar', ['-xf', file, '-C', dir])
    expect(await sh('sha256sum', ['--strict', '-c', SUMS], dir)).toMatch(/backup\.json: OK/)
    expect(statSync(join(dir, OBJECT)).mode & 0o077).toBe(0)
  })

  test('with any byte changed is refused', async () => {
    const good = packed(GOOD)
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const bad = Buffer.from(good)
        bad[at] = bad[at]! ^ by
        await expect(opened(bad)).rejects.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  test('that is cut off anywhere, or has more bytes after its end, is refused', async () => {
    const good = packed(GOOD)
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), async (end) => {
        await expect(opened(good.subarray(0, end))).rejects.toThrow(
          /^it is not a complete backup of a registry: /,
        )
      }),
      { numRuns: 200 },
    )
    await expect(opened(packed(GOOD, { tail: '\0' }))).rejects.toThrow(/goes on after its end/)
  })

  test.each<[string, Buffer, RegExp]>([
    ['a path that leads out of it', packed(files(['../x', ''])), /"\.\.\/x" is not a file of a backup/],
    ['a path from the root', packed(files(['/etc/passwd', ''])), /is not a file of a backup/],
    ['a path with a step up', packed(files(['objects/artifacts/../../x', ''])), /is not a file of/],
    ['a path of another kind', packed(files(['dynamodb/CURRENT', ''])), /is not a file of/],
    ['a line break in a path', packed(files([`${OBJECT}\n`, ''])), /is not a file of/],
    ['a file twice', packed(files([OBJECT, ''], [OBJECT, ''])), /is in it twice/],
    ['another mode', packed(GOOD, { mode: 0o4755 }), /the header of backup\.json is changed/],
    ['no header', packed([[OBJECT, '']]), /does not begin with backup\.json/],
    [
      'sums of other files',
      packed(GOOD, { sums: sumLine('0'.repeat(64), HEADER) }),
      /does not match SHA256SUMS/,
    ],
    ['sums of more files', packed(GOOD.slice(0, 1), { sums: packedSums(GOOD) }), /names files that it lacks/],
    [
      'a secret of 2 MB',
      packed(files([`secrets/${'0'.repeat(16)}.json`, ' '.repeat(2 ** 21)])),
      /size that it cannot/,
    ],
    ['no registry', packed([[HEADER, '{"backup":"other","form":1}']]), /is not the header of one/],
    [
      'a header without buckets',
      packed([[HEADER, JSON.stringify(header({ buckets: {} }))]]),
      /lacks buckets/,
    ],
    [
      'a bucket that is a way out',
      packed([[HEADER, JSON.stringify(header({ buckets: { artifacts: '../..', inputs: 'b-b' } }))]]),
      /lacks buckets\.artifacts/,
    ],
    ['nothing', Buffer.alloc(0), /is cut off/],
    ['no files', Buffer.alloc(1024), /it is empty/],
  ])('with %s is refused', async (_, bytes, why) => {
    await expect(opened(bytes)).rejects.toThrow(why)
  })

  test('of a newer form is reported as newer, even with unknown contents', async () => {
    const newer = JSON.stringify({ backup: 'probe-registry', form: FORM + 1, more: true })
    const entries = [[HEADER, newer] as const, ['another/kind', ''] as const]
    await expect(opened(packed(entries))).rejects.toThrow(
      `it is a backup of a newer version of this software (form ${FORM + 1}; this one knows ${FORM})`,
    )
  })
})

function packedSums(entries: Files): string {
  return entries
    .map(([path, body]) => sumLine(createHash('sha256').update(body).digest('hex'), path))
    .join('')
}

describe('writing an archive', () => {
  test('replaces no file, not even the target of a link', async () => {
    const file = join(temporaryFolder(), 'b.tar')
    writeFileSync(file, 'mine')
    await expect(written(addAll(GOOD), file)).rejects.toThrow(`${file} is there already, and is not replaced`)
    const linked = join(dirname(file), 'link.tar')
    symlinkSync(file, linked)
    await expect(written(addAll(GOOD), linked)).rejects.toThrow('is there already')
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test('does not replace a file that appeared while it was written', async () => {
    const file = join(temporaryFolder(), 'b.tar')
    const fill = async (writer: Writer) => {
      await addAll(GOOD)(writer)
      writeFileSync(file, 'mine')
    }
    await expect(written(fill, file)).rejects.toThrow('is there already')
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(readdirSync(dirname(file))).toEqual(['b.tar'])
  })

  test('leaves nothing behind if it fails, or if the archive cannot be read back', async () => {
    const file = join(temporaryFolder(), 'b.tar')
    const short = ({ add }: Writer) => add(OBJECT, 3, [Buffer.from('ab')])
    await expect(written(short, file)).rejects.toThrow(`${OBJECT} changed while it was read`)
    const refuse = writeArchive(file, addAll(GOOD), () => Promise.reject(new Error('not whole')))
    await expect(refuse).rejects.toThrow('not whole')
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(dirname(file))).toEqual([])
  })
})
